import Foundation
import GRDB
import Synchronization
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
            try connection.execute("INSERT INTO filler VALUES (zeroblob(20000000))")
        }
        let checkpointer = data.catalog.writer.checkpointer
        checkpointer.settle()
        #expect(checkpointer.failure.withLock { $0 } == nil)
        #expect(try size() > 20_000_000)
        #expect(data.catalog.writeAheadLogBytes > 20_000_000)
    }

    @Test func aLongLogStartsAnewThoughSomebodyReadWhenItWasFolded() throws {
        let data = try TestData()
        func fill(_ bytes: Int) throws {
            _ = try data.catalog.writeNow { try $0.execute("INSERT INTO filler VALUES (zeroblob(?))", bytes) }
        }
        try data.catalog.writeNow { try $0.run(script: "CREATE TABLE filler (content BLOB)") }
        try fill(80_000_000)
        let reader = try DatabaseQueue(path: DataDirectory(data.directory.path).database)
        try reader.writeWithoutTransaction { database in
            try database.execute(sql: "BEGIN; SELECT count(*) FROM filler")
            try fill(400_000)
            data.catalog.writer.checkpointer.settle()
            #expect(data.catalog.writeAheadLogBytes > 80_000_000)
            try database.execute(sql: "COMMIT")
        }
        // This one folds what the reader kept from it, and the next finds nothing that it must keep.
        try fill(400_000)
        try fill(1)
        #expect(data.catalog.writeAheadLogBytes <= 64 << 20)
    }
}
