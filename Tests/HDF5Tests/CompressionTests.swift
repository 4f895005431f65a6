import HDF5
import Testing

struct CompressionTests {
    @Test(arguments: ["none", "lzf", "gzip-1", "gzip-4", "gzip-9"])
    func everyNameIsReadAndPrinted(name: String) throws {
        #expect(try #require(Compression(name)).description == name)
    }

    @Test(arguments: ["", "LZF", "gzip", "gzip-0", "gzip-10", "gzip-04", "gzip-1 ", "zlib"])
    func otherNamesAreRefused(name: String) {
        #expect(Compression(name) == nil)
    }
}
