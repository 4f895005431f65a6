import Foundation
import Holdfast
import NIOCore
import Testing

@testable import Server

struct ZIPWriterTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func write(largeFrom: UInt64 = 0xF000_0000) throws -> [UInt8] {
        let path = directory.file("test.zip")
        let file = try SpoolFile(path)
        let zip = ZIPWriter(file, largeFrom: largeFrom)
        try zip.add("a", size: 10) { write in
            try write(ByteBuffer(string: "hello "))
            try write(ByteBuffer(string: "hello"))
        }
        try zip.add("empty", size: 0) { _ in }
        try zip.close()
        try file.close()
        return Array(try Data(contentsOf: URL(fileURLWithPath: path)))
    }

    private func number(_ bytes: [UInt8], _ range: Range<Int>) -> Int {
        bytes[range].reversed().reduce(0) { $0 << 8 | Int($1) }
    }

    @Test func theHeadersAreSpelled() throws {
        let bytes = try write()
        // Signature, version 2.0, UTF-8, deflated, 1980-01-01.
        #expect(Array(bytes[..<14]) == [0x50, 0x4B, 3, 4, 20, 0, 0, 8, 8, 0, 0, 0, 0x21, 0])
        // What Python's zlib.crc32 gives for "hello hello".
        #expect(number(bytes, 14..<18) == 0x012D_A640)
        #expect(number(bytes, 22..<26) == 11 && number(bytes, 26..<28) == 1 && number(bytes, 28..<30) == 0)
        #expect(bytes[30] == UInt8(ascii: "a"))
        let end = Array(bytes.suffix(22))
        #expect(number(end, 0..<4) == 0x0605_4B50 && number(end, 8..<10) == 2 && number(end, 10..<12) == 2)
        let (size, start) = (number(end, 12..<16), number(end, 16..<20))
        #expect(start + size + 22 == bytes.count)
        #expect(number(bytes, start..<(start + 4)) == 0x0201_4B50)
        #expect(number(bytes, (start + 20)..<(start + 24)) == number(bytes, 18..<22))
        #expect(number(bytes, (start + 42)..<(start + 46)) == 0)
        let second = start + 46 + 1
        let offset = number(bytes, (second + 42)..<(second + 46))
        #expect(number(bytes, offset..<(offset + 4)) == 0x0403_4B50)
        #expect(number(bytes, (offset + 14)..<(offset + 18)) == 0 && number(bytes, (offset + 22)..<(offset + 26)) == 0)
    }

    @Test func largeFilesGetSizesOf64Bits() throws {
        let bytes = try write(largeFrom: 5)
        #expect(number(bytes, 4..<6) == 45)
        #expect(number(bytes, 18..<22) == 0xFFFF_FFFF && number(bytes, 22..<26) == 0xFFFF_FFFF)
        #expect(number(bytes, 28..<30) == 20)
        #expect(Array(bytes[31..<35]) == [1, 0, 16, 0] && number(bytes, 35..<43) == 11)
        let locator = Array(bytes[(bytes.count - 42)..<(bytes.count - 22)])
        #expect(number(locator, 0..<4) == 0x0706_4B50)
        let end = number(locator, 8..<16)
        #expect(number(bytes, end..<(end + 4)) == 0x0606_4B50)
        #expect(number(bytes, (end + 32)..<(end + 40)) == 2)
        let start = number(bytes, (end + 48)..<(end + 56))
        #expect(start + number(bytes, (end + 40)..<(end + 48)) == end)
        #expect(number(bytes, (start + 42)..<(start + 46)) == 0xFFFF_FFFF)
    }

    private static let python = "/usr/bin/python3"

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: python)), arguments: [UInt64(5), 0xF000_0000])
    func pythonReadsIt(largeFrom: UInt64) throws {
        _ = try write(largeFrom: largeFrom)
        let script = """
            import sys, zipfile
            file = zipfile.ZipFile(sys.argv[1])
            sys.exit(file.testzip() is not None or file.read("a") != b"hello hello" or file.read("empty") != b"")
            """
        let process = try ChildProcess(Self.python, ["-c", script, directory.file("test.zip")])
        #expect(process.wait() == .exit(0))
    }
}
