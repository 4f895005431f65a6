import CHDF5
import NIOCore

/// Datasets of strings.
enum Texts {
    /// Neighbouring rows; nil where they are no strings.
    static func read(_ rows: Range<Int>, of dataset: hid_t, _ name: String) throws(HDF5Error) -> [String]? {
        let type = try Handle(H5Dget_type(dataset), H5Tclose, "H5Dget_type", name)
        guard H5Tget_class(type.id) == H5T_STRING else { return nil }
        guard !rows.isEmpty else { return [] }
        if try check(H5Tis_variable_str(type.id), "H5Tis_variable_str", name) > 0 {
            return try readVariable(rows, type.id, of: dataset, name)
        }
        let size = H5Tget_size(type.id)
        let bytes = try Dataspace.read(rows, rowBytes: size, as: type.id, of: dataset, name)
        return rows.indices.map { row in
            let start = bytes.readerIndex + (row - rows.lowerBound) * size
            let text = bytes.getSlice(at: start, length: size)?.readableBytesView.prefix { $0 != 0 }
            return String(decoding: text ?? [], as: UTF8.self)
        }
    }

    private static func readVariable(
        _ rows: Range<Int>,
        _ type: hid_t,
        of dataset: hid_t,
        _ name: String
    ) throws(HDF5Error) -> [String] {
        var texts = [UnsafeMutablePointer<CChar>?](repeating: nil, count: rows.count)
        let selected = try Dataspace.select(rows, of: dataset, name)
        let result = H5Dread(dataset, type, selected.memory.id, selected.file.id, chdf5_default(), &texts)
        defer { for text in texts { H5free_memory(text) } }
        try check(result, "H5Dread", name)
        return texts.map { $0.map { String(cString: $0) } ?? "" }
    }
}
