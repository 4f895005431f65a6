import CPNG

/// The C library under this target, as it was loaded.
package enum PNGLibrary {
    package static var version: String { String(cString: png_get_libpng_ver(nil)) }
}
