/// Reads any PNG file into 8- or 16-bit gray or RGB, with alpha where the file has transparency.
///
/// Palettes become RGB, 1-, 2- and 4-bit samples become 8-bit, a transparent colour becomes an alpha channel, 16-bit
/// samples stay. Gamma and colour profiles are ignored.
package enum PNGDecoder {
    package static func decode(_ bytes: [UInt8], limits: PNGLimits = PNGLimits()) throws(PNGError) -> Bitmap {
        try bytes.withUnsafeBufferPointer { (file) throws(PNGError) -> Bitmap in
            try PNGReader(file).readBitmap(limits: limits)
        }
    }
}
