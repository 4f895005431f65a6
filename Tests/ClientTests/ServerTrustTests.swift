import Testing

@testable import Holdfast

struct ServerTrustTests {
    @Test(arguments: [
        ("lab.example", "lab.example"), ("LAB.example", "lab.EXAMPLE"), ("a.lab.example", "*.lab.example"),
        ("lab.example.", "lab.example"),
    ])
    func aNameIsThatOfACertificate(host: String, pattern: String) {
        #expect(ServerTrust.matches(host, pattern))
    }

    @Test(arguments: [
        ("lab.example", "other.example"), ("lab.example", "*.lab.example"), ("a.b.lab.example", "*.lab.example"),
        (".lab.example", "*.lab.example"), ("lab.example", "*.example"), ("lab.example", "*"), ("lab.example", ""),
        ("alab.example", "*lab.example"),
    ])
    func anotherNameIsNot(host: String, pattern: String) {
        // `*.example` has no label of its own behind the star but a top-level one.
        #expect(!ServerTrust.matches(host, pattern))
    }
}
