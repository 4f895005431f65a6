import CHDF5

/// Attributes of an object, as strings.
enum Attributes {
    /// Writes a variable-length UTF-8 string, which h5py reads as `str`.
    static func write(_ value: String, name: String, to object: hid_t) throws(HDF5Error) {
        try create(name, size: chdf5_variable(), in: object) { attribute, type in
            value.withCString { text in withUnsafePointer(to: text) { H5Awrite(attribute, type, $0) } }
        }
    }

    /// Writes a string of fixed length, which h5py reads as `bytes`.
    ///
    /// It is kept with the object, under the checksum of its metadata. Strings of variable length are kept in a heap
    /// without one, and the library can hang on a damaged heap: what is needed to open a file must not be there.
    static func writeFixed(_ value: String, name: String, to object: hid_t) throws(HDF5Error) {
        let bytes = Array(value.utf8)
        try create(name, size: bytes.count, in: object) { attribute, type in H5Awrite(attribute, type, bytes) }
    }

    /// Writes a 64-bit number.
    static func write(_ value: Int64, name: String, to object: hid_t) throws(HDF5Error) {
        let type = try Handle(H5Tcopy(chdf5_int64()), H5Tclose, "H5Tcopy", name)
        try create(name, type: type, in: object) { attribute, type in
            withUnsafePointer(to: value) { H5Awrite(attribute, type, $0) }
        }
    }

    private static func create(
        _ name: String,
        size: Int,
        in object: hid_t,
        writing: (_ attribute: hid_t, _ type: hid_t) -> herr_t
    ) throws(HDF5Error) {
        let type = try Handle(H5Tcopy(chdf5_c_string()), H5Tclose, "H5Tcopy", "string")
        try check(H5Tset_size(type.id, size), "H5Tset_size", name)
        try check(H5Tset_cset(type.id, H5T_CSET_UTF8), "H5Tset_cset", name)
        try check(H5Tset_strpad(type.id, H5T_STR_NULLPAD), "H5Tset_strpad", name)
        try create(name, type: type, in: object, writing: writing)
    }

    private static func create(
        _ name: String,
        type: borrowing Handle,
        in object: hid_t,
        writing: (_ attribute: hid_t, _ type: hid_t) -> herr_t
    ) throws(HDF5Error) {
        let space = try Handle(H5Screate(H5S_SCALAR), H5Sclose, "H5Screate", name)
        let attribute = try Handle(
            H5Acreate2(object, name, type.id, space.id, chdf5_default(), chdf5_default()),
            H5Aclose,
            "H5Acreate",
            name
        )
        try check(writing(attribute.id, type.id), "H5Awrite", name)
    }

    /// The value of a scalar string of fixed length; nil for anything else, or where there is no such attribute.
    static func readFixed(_ name: String, of object: hid_t) throws(HDF5Error) -> String? {
        try read(name, of: object, followsHeap: false)
    }

    /// The value of a scalar string or number; nil for anything else, or where there is no such attribute.
    private static func read(
        _ name: String,
        of object: hid_t,
        followsHeap: Bool
    ) throws(HDF5Error) -> String? {
        guard try check(H5Aexists(object, name), "H5Aexists", name) > 0 else { return nil }
        let attribute = try Handle(H5Aopen(object, name, chdf5_default()), H5Aclose, "H5Aopen", name)
        let space = try Handle(H5Aget_space(attribute.id), H5Sclose, "H5Aget_space", name)
        guard H5Sget_simple_extent_npoints(space.id) == 1 else { return nil }
        let type = try Handle(H5Aget_type(attribute.id), H5Tclose, "H5Aget_type", name)
        switch H5Tget_class(type.id) {
        case H5T_STRING:
            let isVariable = try check(H5Tis_variable_str(type.id), "H5Tis_variable_str", name) > 0
            if isVariable { return followsHeap ? try readVariable(attribute.id, type.id, name) : nil }
            return try readFixed(attribute.id, type.id, name)
        case H5T_INTEGER:
            let isSigned = H5Tget_sign(type.id) == H5T_SGN_2
            return isSigned
                ? String(try readNumber(attribute.id, chdf5_int64(), Int64(0), name))
                : String(try readNumber(attribute.id, chdf5_uint64(), UInt64(0), name))
        case H5T_FLOAT: return String(try readNumber(attribute.id, chdf5_float64(), Double(0), name))
        default: return nil
        }
    }

    /// Every scalar string or number of an object.
    static func readAll(of object: hid_t, path: String) throws(HDF5Error) -> [String: String] {
        var names: [String] = []
        var position: hsize_t = 0
        let result = withUnsafeMutablePointer(to: &names) { names in
            H5Aiterate2(
                object,
                H5_INDEX_NAME,
                H5_ITER_NATIVE,
                &position,
                { _, name, _, names in
                    if let name {
                        names?.assumingMemoryBound(to: [String].self).pointee.append(String(cString: name))
                    }
                    return 0
                },
                names
            )
        }
        try check(result, "H5Aiterate", path)
        var values: [String: String] = [:]
        for name in names { values[name] = try read(name, of: object, followsHeap: true) }
        return values
    }

    private static func readVariable(_ attribute: hid_t, _ type: hid_t, _ name: String) throws(HDF5Error) -> String {
        var text: UnsafeMutablePointer<CChar>?
        try check(H5Aread(attribute, type, &text), "H5Aread", name)
        guard let text else { return "" }
        defer { H5free_memory(text) }
        return String(cString: text)
    }

    private static func readFixed(_ attribute: hid_t, _ type: hid_t, _ name: String) throws(HDF5Error) -> String {
        var bytes = [UInt8](repeating: 0, count: H5Tget_size(type))
        try check(H5Aread(attribute, type, &bytes), "H5Aread", name)
        return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }

    private static func readNumber<Number>(
        _ attribute: hid_t,
        _ type: hid_t,
        _ initial: Number,
        _ name: String
    ) throws(HDF5Error) -> Number {
        var value = initial
        try check(withUnsafeMutablePointer(to: &value) { H5Aread(attribute, type, $0) }, "H5Aread", name)
        return value
    }
}
