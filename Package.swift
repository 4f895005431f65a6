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

        // Server
        .systemLibrary(
            name: "CPNG",
            path: "Server/CPNG",
            pkgConfig: "libpng",
            providers: [.apt(["libpng-dev"])]
        ),
        .target(name: "PNG", dependencies: ["CPNG", "Wire"], path: "Server/PNG", swiftSettings: strict),

        // Tests
        .testTarget(name: "PNGTests", dependencies: ["PNG", "Wire"], path: "Tests/PNGTests", swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)
