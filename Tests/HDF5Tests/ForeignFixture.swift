import Foundation
import HDF5
import NIOCore
import Testing
import Wire

/// Small files that h5py 3.16 wrote, as zlib streams in base64.
///
/// Both have: lzf (20, 20) uint8 in chunks of 3 rows, deflated (100) int64, group/big (3, 2) big-endian int32,
/// half (3) float16, done (3) bool, text (2) strings, scalar float64, outside (4) uint8 kept in another file; and the
/// attributes name, count, ratio, fixed and list.
struct ForeignFixture {
    let size: Int
    let base64: String

    /// Written with h5py's defaults.
    static let usual = ForeignFixture(
        size: 15_800,
        base64: """
            eNrtW81vG0UUn9kvbxyHOK1LDYfIai4pl4bitgZS4Yi6jaqImKZNgVM23t3GkolDbDcGCanHlAoIFFGOHNNbaIvgwKGCfyDlWzmZ72v5luAQdn\
            bfrL3jrHOgoQl9Px/evnlvPvc3s+PZfRdHjx3viT4YJQy6ThQSJ61YB3x4NKhz+xRICnIR5LLE0yOuLQnpcSg/JUN+yHj6VC7HvNcF8HqWVE9m\
            COJexGhuJM/kCuh5kPrRra23D/gq8jpGssBvlSSITmaN5y2mP0CpmyPuzwk9MD+0ZpKbFiNDcK051zoplGuzVZbf8VG8mRLI/zfMiRjMBJaP1T\
            9vVItl1t7UE1B8lqS7SXpdDs5PD0o2Rgb9/Lrzs4t1y3T03Y6j3OJvTBegv3m/vzFnNpeKlSqBdvL6XDv1ckK1vuTlSW3pmmejXId2SV5CAvwS\
            wnqU8MuJu1nF8VYdyXRJ9grqdsqlbvsg48vMLpPSS7Y3IiyPYxvmvIIVS5ZkvnbJ0AwaZOCdxcRT48eoUztfhb/WOvsP8fVxk4UxBXLmYPB+LI\
            G+kvbkIKRfONK5PJ37KZvMW5A3H+/slwW58lhnP97Ndx/t7NfOq2SAnyb4mSKPBD638yjj8UjifGZ2SiozNdsuWf64UEg3LbtkVC3S1cYrKfOQ\
            l9TfMpxbxqswnHhyfIwSmEDiOsX48snVUqncnLfcPh0yvw2h/OVefHYhEAgEAoFAIBAIBAJxt8HO3dkZvXjuvtnf9sw+T/YK5wAiTgh+YcdZk4\
            JfV4ifBX78/C8W4lcVygvrzyL49YG+K8Tvyr6gvocE20GRSggEAoFAIP7niBAqyYqqkcZ+zbmKsEuWwlSNRMBImSorETCqTCU0AkbpptaQog01\
            2Yj2+GnMRVEjkEFr7HV2jI0oqa8Vpsxp27AKPzW+//bHb374bm88sev+vj27ryy99ebbb1jJ84QsmPRGfe3y5bP506cmnz4z8dXq559+eeuLz4\
            4MpQ8efvjQIx+s3LhmM8els2qmvnb9vfevL8xV58+/UKv8efu3X/74+fdfe/VY9L6unu7XF03mePWk/lF97dIrr1189dL46NhJO+lsFO1++VrL\
            tk+C7a/7CpkMkxHyMYX3zHpzc9yqS/4w9meRSggEAoHYQfDOjZS2c6P9If7LcH7C7f2C/ZZgHxbsf4Gdn7s8J9gHBoI6t+t4qxAIBAKBuGug7q\
            8ZB8K/qxe/P94sDiRzGJ/r9zJ4HMgzoPPv5FfTQb/p4jngHeT71/xVO8Yp8PefYnxDU4fvy7uCcR3+9+WSBCdE8H04zcCONim05MK2uA9enAL1\
            5+HgIeTmneFVME5BjKNh0SjM0pfqBW7FSVQlUf5+O5xPeeCT+AZ+cYePhxfXk5SIH7/B44COj4xN5NxnypkcXwzCx2dyIFgyR31bj4fUts54/A\
            iLQ2v2nwj9fxb6n9ph/AjG1zXnx8ZxcOH3/8WBjXcW72zz9aNznBMPz1LE51AoL7xxifB4Odi7rQ5vPDqKf87Cx5Hv2MTAsKn/dH+Q9MfHw23h\
            QOmAVS0cmDMqlQUzkM7jASFuyzeemy/X5hw5Y5RcB7M868Z7Vq26GwdZKRglY56Qcq1aKZqWX+9W9fofnWAlXQ==
            """
    )

    /// Written with libver="latest", in formats that HDF5 1.10 does not know.
    static let latest = ForeignFixture(
        size: 10_144,
        base64: """
            eNrtWm9MG2UYf97713KUtYUCZS61OCZjyWQwhibipI7WjhGLsAGJMXL0D2uslLVlVBIT46IR5x+UZYsJiXPzw1CzTIbxg2ZZ5ie/TadbgppUmX\
            +SxWROpzEmznvvfd9yPat+MZFm9yPk7v09z/vc9XfPPdfe804HuwIV8lqZt1qB4QbF0UYy3kL578/c8nko2NXHoVbkcABMcYV2mQMEgC0nJcJs\
            oxZbOwAPIrhAABhTHotCHUKgOmr/SPOxAg4nkV0NmLetxzMlsOGZ4eTEWAYcqlnQHLzalN/VU7U1EzftACklE0+C03svDdQJbeXQdoMH4PKfUe\
            i0ecgUK54Si2ejEahCmCJuykjYFiBnbVPDQiKeJodmMTmEEE+jsS2iW87AYxyV5zYR9QChBtVHDeCiNpdBeTbmbYD0Comqwnx5+VpAapQnBJXn\
            ITEV0+QQVacO7FUD2I9HvAsJXkFwyG+y03kGVgkOHbk8GtoR3IVzRb2KGlqpDXPdt5H9zZS7fuWNAb8v2AXI5RUcgmyMx3QfoDsWg67XqALrvl\
            wW/L6d9wHKa+ImG7sumr0I5ynCbS7C9QiFV/JmwaP7mub8vi69sio63IXXAaO3iGqPUM6p41hkuIm5+enQznzNUEXENSdCbRF9jdDVJVojatQa\
            weGCjDQL0v7KcH1wavWBQx4rLy/TQg2vwWpH/Or5jbhmVFficmfMP6kKf0ZrJBpLKJlo5JhIJm2YeWtrgBQOWWBC08/ccsd2CGgpy1QYp2nYpD\
            vsq0W4c0W4K5Sr1nHvn3z6Vu3yQZarLFYVyBNTWoPPnR+Jj7bSWgiB/0q116snDv+T/f4doR6taDoKKynLi70fzicSyZUnGrOP/M2TTzHEP2EH\
            EyZMmDBhwoQJEyZMmDBhwsT/DAsgjhdECXJNkrpnwbuYwUMJLNSI8JAXLNQo4iEgCzVyZ6UcJ+dEd06uyHPYRRAtdIKUq5UAcjJkl8LDkZGYEg\
            1/l7v89bdffbNc63BV1jirq47MHHrl8MtR936AyQhazC7Nzg727u4beHBP/6Xzn35y8ePPLty5pa21vWXb1vdOLS7EsOPMoHhXdun0O++enhzP\
            pPbvm0j/evXna7/8eP0nu9UmrymrKH/p2Qh2nO+2fpBdOvjci9MvHAwFe7pjbidAzMMv6F5fcPR1hvYyHTrAB+fwazdstq687NCPV950ejrNVD\
            JhwoQJEyUE3FEp3pvAfdgD64lXM/U+8KTvAWMPm3UAjD3v/Bj3p8pWWvZaf0q2qsfkEdQRHzc7nROlo9zQHKSMvTnjegDeBcjptVMtHCCLIOOG\
            iF4DN9WAdVzgVOllUe20/XGcSbSTlZiKjdGGkGTHjLBXScS21xNqV/l8/78KVw9oiCPftnBzky2ACPh6+v2wu2+PX+X0KnrqCgPA8ZIQ7qGh7B\
            dsIcSZhsKbjUoXSY5FJ+l6iOM13CWjdJzxflNzrtjqGk0tjqhVT9XylnDODYr+aSbdbxsI11IoXSaazSzQEnZseBjlpRPot33t9vzrMiF9Yvmo\
            VPnlUWdLv+h/dOGPASbdGF3kxZbfSE4snZQOKwkl9QNNyXUXn3rYmHesnS7o67wx32TLRvITCq8+aG80SGmIQARnzx/GwvOrS7yqhtTdQb+vV/\
            /cyq8/aiz0bY5mws3jSjo9Gck/bSUH9hdHU8mJcYUuVJIqMWdJTmTS8Uh00+2EfXt28Z4/AS2oljg=
            """
    )

    func bytes() throws -> [UInt8] {
        let stream = try #require(Data(base64Encoded: base64))
        let row = EncodedChunk(bytes: ByteBuffer(bytes: stream), isRaw: false)
        return Array(buffer: try RowCodec().decode(row, with: .gzip(9), size: size))
    }
}
