// swift-tools-version: 6.2
import PackageDescription

/// What libFuzzer needs to see which code an input reaches; Tests/fuzz.sh asks for it.
let isFuzzed = Context.environment["HOLDFAST_FUZZ"] == "1"
let coverage = "inline-8bit-counters,pc-table,indirect-calls,trace-cmp"
let cSettings: [CSetting] = isFuzzed ? [.unsafeFlags(["-fsanitize-coverage=\(coverage)"])] : []
let swiftCoverage: [SwiftSetting] = isFuzzed ? [.unsafeFlags(["-sanitize-coverage=edge,\(coverage)"])] : []

/// Settings of every Swift target.
let strict: [SwiftSetting] =
    swiftCoverage + [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
        .treatAllWarnings(as: .error),
    ]
/// Settings of every target that does not wrap a C library.
let safe: [SwiftSetting] = strict + [.strictMemorySafety()]

let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let nioTLS = Target.Dependency.product(name: "NIOTLS", package: "swift-nio")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")

let package = Package(
    name: "holdfast",
    products: [
        .executable(name: "holdfast", targets: ["Server"]),
        .library(name: "Holdfast", targets: ["Holdfast"]),
        .plugin(name: "SourceHashes", targets: ["SourceHashes"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // Client
        .target(name: "Wire", dependencies: [nioCore, crypto], path: "Client/Wire", swiftSettings: safe),
        .target(
            name: "Holdfast",
            dependencies: ["Wire", "CLZF", "CSpool", nioCore, nioPosix, nioSSL, nioTLS, logging],
            path: "Client/SDK",
            swiftSettings: safe
        ),
        .plugin(
            name: "SourceHashes",
            capability: .buildTool(),
            dependencies: ["SourceHashTool"],
            path: "Client/SourceHashes/Plugin"
        ),
        .executableTarget(name: "SourceHashTool", path: "Client/SourceHashes/Tool", swiftSettings: safe),
        .target(name: "CLZF", path: "Client/CLZF", cSettings: cSettings),
        .target(name: "CSpool", path: "Client/CSpool", cSettings: cSettings),
        .executableTarget(
            name: "CartPole",
            dependencies: ["Holdfast", .product(name: "ArgumentParser", package: "swift-argument-parser")],
            path: "Client/Examples/CartPole",
            swiftSettings: safe
        ),
        .target(name: "Shapes", dependencies: ["Holdfast"], path: "Client/Examples/Shapes", swiftSettings: safe),
        .executableTarget(
            name: "ActiveLearning",
            dependencies: ["Holdfast", "Shapes", .product(name: "ArgumentParser", package: "swift-argument-parser")],
            path: "Client/Examples/ActiveLearning",
            swiftSettings: safe
        ),
        .executableTarget(
            name: "Pipeline",
            dependencies: ["Holdfast", "Shapes", .product(name: "ArgumentParser", package: "swift-argument-parser")],
            path: "Client/Examples/Pipeline",
            swiftSettings: safe,
            plugins: ["SourceHashes"]
        ),

        // Server
        .systemLibrary(
            name: "CHDF5",
            path: "Server/CHDF5",
            pkgConfig: "hdf5-serial",
            providers: [.apt(["libhdf5-dev"])]
        ),
        .systemLibrary(
            name: "CPNG",
            path: "Server/CPNG",
            pkgConfig: "libpng",
            providers: [.apt(["libpng-dev"])]
        ),
        .systemLibrary(
            name: "CDeflate",
            path: "Server/CDeflate",
            pkgConfig: "libdeflate",
            providers: [.apt(["libdeflate-dev", "zlib1g-dev"])]
        ),
        .target(name: "CFaultNote", path: "Server/CFaultNote"),
        .target(
            name: "HDF5",
            dependencies: ["CHDF5", "CDeflate", "CFaultNote", "CLZF", "Wire", nioCore],
            path: "Server/HDF5",
            swiftSettings: strict
        ),
        .systemLibrary(name: "CMalloc", path: "Server/CMalloc"),
        .target(name: "CSQLite", path: "Server/CSQLite", linkerSettings: [.linkedLibrary("sqlite3")]),
        .target(name: "PNG", dependencies: ["CPNG", "Wire"], path: "Server/PNG", swiftSettings: strict),
        .executableTarget(
            name: "Server",
            dependencies: [
                "Holdfast", "Wire", "HDF5", "PNG", "CMalloc", "CSQLite", nioCore, nioPosix, nioSSL, nioTLS, logging,
                crypto,
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            path: "Server",
            exclude: ["CHDF5", "CPNG", "CDeflate", "CFaultNote", "CMalloc", "CSQLite", "HDF5", "PNG"],
            swiftSettings: safe
        ),

        // Tests
        .executableTarget(
            name: "LogBenchmark",
            dependencies: ["Holdfast", .product(name: "ArgumentParser", package: "swift-argument-parser")],
            path: "Tests/Benchmarks/LogBenchmark",
            swiftSettings: safe
        ),
        .testTarget(name: "WireTests", dependencies: ["Wire", nioCore], path: "Tests/WireTests", swiftSettings: safe),
        .testTarget(
            name: "ClientTests",
            dependencies: ["Holdfast", "Wire", nioCore, nioPosix, logging],
            path: "Tests/ClientTests",
            swiftSettings: safe
        ),
        .testTarget(
            name: "SourceHashTests",
            dependencies: ["SourceHashTool"],
            path: "Tests/SourceHashTests",
            swiftSettings: safe
        ),
        .target(name: "CFork", path: "Tests/CFork"),
        .executableTarget(
            name: "Trainer",
            dependencies: ["Holdfast", "CFork", .product(name: "ArgumentParser", package: "swift-argument-parser")],
            path: "Tests/Trainer",
            swiftSettings: safe
        ),
        .testTarget(
            name: "CartPoleTests",
            dependencies: ["CartPole"],
            path: "Tests/CartPoleTests",
            swiftSettings: safe
        ),
        .testTarget(
            name: "HDF5Tests",
            dependencies: ["HDF5", "CLZF", "Wire", nioCore],
            path: "Tests/HDF5Tests",
            swiftSettings: strict
        ),
        .testTarget(name: "PNGTests", dependencies: ["PNG", "Wire"], path: "Tests/PNGTests", swiftSettings: strict),
        .testTarget(
            name: "EndToEndTests",
            dependencies: ["Holdfast", "Server", "CartPole", "ActiveLearning", "Pipeline"],
            path: "Tests/EndToEndTests",
            swiftSettings: safe
        ),
        .testTarget(
            name: "ServerTests",
            dependencies: [
                "Server", "Holdfast", "Wire", "HDF5", nioCore, nioEmbedded, nioSSL, logging,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
            ],
            path: "Tests/ServerTests",
            swiftSettings: safe
        ),
        .testTarget(
            name: "FuzzTests",
            dependencies: [
                "ServerTests", "Server", "Holdfast", "Wire", "HDF5", "PNG", "CHDF5", "CLZF", "CSpool", nioCore,
                .product(name: "HTTPTypes", package: "swift-http-types"),
            ],
            path: "Tests/FuzzTests",
            exclude: ["Corpus", "README.md"],
            swiftSettings: strict
        ),
    ],
    swiftLanguageModes: [.v6]
)
