import CHDF5
import Wire

extension DType {
    /// The library's type for elements in files and in memory, to be closed by the caller.
    func makeType() throws(HDF5Error) -> Handle {
        guard self == .bool else { return try Handle(H5Tcopy(standardType), H5Tclose, "H5Tcopy", rawValue) }
        // As h5py writes bool.
        let type = try Handle(H5Tenum_create(chdf5_int8()), H5Tclose, "H5Tenum_create", rawValue)
        for (name, number) in [("FALSE", Int8(0)), ("TRUE", 1)] {
            let result = withUnsafePointer(to: number) { H5Tenum_insert(type.id, name, $0) }
            try check(result, "H5Tenum_insert", rawValue)
        }
        return type
    }

    private var standardType: hid_t {
        switch self {
        case .bool, .int8: chdf5_int8()
        case .uint8: chdf5_uint8()
        case .uint16: chdf5_uint16()
        case .int16: chdf5_int16()
        case .uint32: chdf5_uint32()
        case .int32: chdf5_int32()
        case .uint64: chdf5_uint64()
        case .int64: chdf5_int64()
        case .float32: chdf5_float32()
        case .float64: chdf5_float64()
        }
    }

    /// The element type that holds every value of a type of the library; nil where there is none.
    init?(type: hid_t) {
        let size = H5Tget_size(type)
        switch H5Tget_class(type) {
        case H5T_INTEGER:
            let isSigned = H5Tget_sign(type) == H5T_SGN_2
            switch size {
            case 1: self = isSigned ? .int8 : .uint8
            case 2: self = isSigned ? .int16 : .uint16
            case 4: self = isSigned ? .int32 : .uint32
            case 8: self = isSigned ? .int64 : .uint64
            default: return nil
            }
        case H5T_FLOAT:
            switch size {
            case 2, 4: self = .float32
            case 8: self = .float64
            default: return nil
            }
        case H5T_ENUM where size == 1 && Self.isBool(type): self = .bool
        default: return nil
        }
    }

    private static func isBool(_ type: hid_t) -> Bool {
        guard H5Tget_nmembers(type) == 2 else { return false }
        return [("FALSE", Int8(0)), ("TRUE", 1)].allSatisfy { name, number in
            var value: Int8 = -1
            guard H5Tenum_valueof(type, name, &value) >= 0 else {
                ErrorStack.clear()
                return false
            }
            return value == number
        }
    }
}
