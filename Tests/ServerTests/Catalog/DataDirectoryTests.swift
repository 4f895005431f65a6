import Foundation
import Testing

@testable import Server

struct DataDirectoryTests {
    @Test func itIsMadeWithItsFolders() throws {
        let temporary = try TemporaryDirectory()
        let directory = try DataDirectory(temporary.file("a/b"))
        for folder in ["telemetry", "replay"] {
            var isFolder: ObjCBool = false
            let path = temporary.file("a/b/\(folder)")
            #expect(unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue)
        }
        #expect(directory.database == temporary.file("a/b/telemetry/telemetry.sqlite"))
        #expect(directory.arrays == temporary.file("a/b/replay"))
        #expect(directory.freeBytes > 0)
    }

    @Test func asLongAsOneServerHoldsItAnotherIsToldWho() throws {
        let temporary = try TemporaryDirectory()
        let first = try DataDirectory(temporary.path)
        let error = #expect(throws: DataDirectory.InUse.self) { try DataDirectory(temporary.path) }
        #expect(error?.path == temporary.path)
        #expect(error?.holder.contains("process \(ProcessInfo.processInfo.processIdentifier)") == true)
        withExtendedLifetime(first) {}
    }

    @Test func itIsFreeAgainWhenTheServerIsGone() throws {
        let temporary = try TemporaryDirectory()
        for _ in 0..<3 { _ = try DataDirectory(temporary.path) }
    }

    @Test func aPlaceThatIsAFileIsAnError() throws {
        let temporary = try TemporaryDirectory()
        try temporary.write("", to: "file")
        #expect(throws: DataDirectory.Unusable.self) { try DataDirectory(temporary.file("file")) }
    }
}
