import Foundation
import HTTPTypes
import NIOCore

@testable import Server
@testable import ServerTests
@testable import Wire

/// Paths and queries of HTTP: every answer is one that the protocol knows, and no file outside the page's folder is given out.
struct RouteTarget: FuzzTarget {
    static let name = "routes"
    static let rounds = 500
    private static let secret = "this lies outside the page's folder"

    private let data: TestData
    private let folder: TemporaryDirectory
    private let harness: RouterHarness

    init() throws {
        folder = try TemporaryDirectory()
        try folder.write("<!doctype html>", to: "web/index.html")
        try folder.write("export {}", to: "web/room/first.js")
        try folder.write(Self.secret, to: "secret.txt")
        try folder.write(Self.secret, to: "web/../web-secret/index.html")
        data = try wait {
            let data = try TestData()
            try await data.append("run", try Steps.of("run/0", 0..<4))
            try await data.insert(["a.png"])
            return data
        }
        harness = RouterHarness(data, webFolder: folder.file("web"))
    }

    func run(_ bytes: [UInt8]) throws {
        // What a parser of HTTP lets through.
        let path = "/" + String(decoding: bytes.filter { $0 > 0x20 && $0 != 0x7F }, as: UTF8.self)
        let answer = try wait { [harness] in try await harness.send(.get, path) }
        let known: [HTTPResponse.Status] = [
            .ok, .notModified, .movedPermanently, .badRequest, .notFound, .methodNotAllowed,
        ]
        try demand(known.contains(answer.status), "\(path): \(answer.status) \(answer.body.prefix(500))")
        try demand(answer.headers[.contentSecurityPolicy] != nil, "\(path) is answered without a policy")
        try demand(!answer.body.contains(Self.secret), "\(path) gives out a file outside the page's folder")
        if answer.status.code >= 400 {
            let error = try answer.error()
            try demand(!error.kind.isEmpty && !error.message.isEmpty, "\(path): \(answer.body)")
        }
    }
}
