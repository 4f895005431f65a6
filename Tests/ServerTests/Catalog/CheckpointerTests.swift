import Foundation
import Testing

@testable import Server

struct CheckpointerTests {
    @Test func whatIsCommittedIsFoldedIntoTheDatabaseBesideTheWriter() throws {
        let data = try TestData()
        let path = try DataDirectory(data.directory.path).database
        func size() throws -> Int {
            try #require(try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int)
        }
        try data.catalog.writeNow { connection in
            try connection.run(script: "CREATE TABLE filler (content BLOB)")
            // More pages than are left in the log.
            try connection.execute("INSERT INTO filler VALUES (zeroblob(8000000))")
        }
        data.catalog.writer.checkpointer.settle()
        #expect(try size() > 8_000_000)
        #expect(data.catalog.writeAheadLogBytes > 8_000_000)
    }
}
