import CHDF5
import CLZF

/// h5py's LZF filter, so that the library itself can read (and prune) datasets compressed with it.
enum LZFFilter {
    static let id: H5Z_filter_t = 32_000

    /// The parameters h5py writes: its filter's revision, the codec's version, the bytes of a chunk.
    static func parameters(chunkBytes: Int) -> [UInt32] { [4, 0x0105, UInt32(clamping: chunkBytes)] }

    /// Registers the filter with the process's library at first use; the error, if that failed.
    static let registration: HDF5Error? = {
        var filter = H5Z_class2_t()
        filter.version = H5Z_CLASS_T_VERS
        filter.id = id
        // Without an encoder the library refuses to create datasets that name the filter.
        filter.encoder_present = 1
        filter.decoder_present = 1
        filter.filter = { flags, count, values, size, capacity, buffer in
            guard let capacity, let buffer, let input = buffer.pointee else { return 0 }
            let encodes = flags & UInt32(H5Z_FLAG_REVERSE) == 0
            let chunkBytes = count >= 3 ? values.map { Int($0[2]) } ?? 0 : 0
            let room = encodes ? max(size, 1) - 1 : chunkBytes
            guard room > 0, let output = H5allocate_memory(room, false) else { return 0 }
            let length =
                encodes ? clzf_compress(input, size, output, room) : max(0, clzf_decompress(input, size, output, room))
            guard length > 0 else {
                H5free_memory(output)
                return 0
            }
            H5free_memory(input)
            buffer.pointee = output
            capacity.pointee = room
            return length
        }
        do throws(HDF5Error) {
            try check(H5Zregister(&filter), "H5Zregister", "lzf")
            return nil
        } catch {
            return error
        }
    }()
}
