// swift-tools-version: 6.2
import PackageDescription

/// Settings of every Swift target.
let strict: [SwiftSetting] = [
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
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")

let package = Package(
    name: "holdfast",
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    ],
    targets: [
        // Client
        .target(name: "Wire", dependencies: [nioCore], path: "Client/Wire", swiftSettings: safe),
        .target(name: "CLZF", path: "Client/CLZF", cSettings: [.unsafeFlags(["-O2"])]),

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
        .target(
            name: "HDF5",
            dependencies: ["CHDF5", "CDeflate", "CLZF", "Wire", nioCore],
            path: "Server/HDF5",
            swiftSettings: strict
        ),
        .target(name: "PNG", dependencies: ["CPNG", "Wire"], path: "Server/PNG", swiftSettings: strict),

        // Tests
        .testTarget(
            name: "HDF5Tests",
            dependencies: ["HDF5", "CLZF", "Wire", nioCore],
            path: "Tests/HDF5Tests",
            swiftSettings: strict
        ),
        .testTarget(name: "PNGTests", dependencies: ["PNG", "Wire"], path: "Tests/PNGTests", swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)
