import CHDF5
import HDF5

/// Writes an HDF5 file as an input chooses: datasets of many types, shapes and layouts under names that mean something to an
/// import, of which all rows were written, or the first, or none.
///
/// An input is a byte for each choice; where it ends, the first choice is taken.
struct ArrayFileBuilder {
    private static let names = [
        "actions", "rewards", "terminals", "timeouts", "observations", "observations/a b", "dones", "episode_index",
        "episodes/starts", "frames", "episode_0/actions", "episode_0/rewards", "episode_0/terminations",
        "episode_0/truncations", "episode_0/observations", "episode_0/observations/x", "episode_0/infos/step_index",
        "episode_0/infos/timestamp", "episode_0/infos/json", "episode_0/infos/speed", "episode_7/actions",
        "episode_7/rewards", "data/demo_0/actions", "data/demo_0/dones", "data/demo_0/obs/image", "data/demo_3/actions",
    ]
    private static let sizes: [hsize_t] = [3, 0, 1, 2, 4, 84, 1000, 1 << 20, 1 << 31, 1 << 32, 1 << 40, 1 << 62]
    private static let kinds = 19
    private static let mostDatasets = 8
    private static let mostWritten: hsize_t = 1 << 14
    private static let mostRoom: hsize_t = 1 << 30

    private var input: ArraySlice<UInt8>

    init(_ input: [UInt8]) { self.input = input[...] }

    /// Creates the file; on the executor of the library. What the library does not make is left out.
    mutating func write(to path: String) {
        let file = H5Fcreate(path, chdf5_truncate(), chdf5_default(), chdf5_default())
        guard file >= 0 else { return }
        defer { H5Fclose(file) }
        let links = H5Pcreate(chdf5_link_create())
        defer { H5Pclose(links) }
        H5Pset_create_intermediate_group(links, 1)
        for _ in 0..<Self.mostDatasets where !input.isEmpty { writeDataset(in: file, links) }
        for group in ["/", "episode_0", "data", "data/demo_0"] where choose(4) == 1 {
            writeAttributes(of: group, in: file)
        }
        H5Eclear2(chdf5_current_errors())
    }

    private mutating func choose(_ count: Int) -> Int { Int(input.popFirst() ?? 0) % count }

    private mutating func writeDataset(in file: hid_t, _ links: hid_t) {
        let name = Self.names[choose(Self.names.count)]
        let type = makeType()
        let dimensions = (0..<[1, 0, 2, 3, 4, 9][choose(6)]).map { _ in Self.sizes[choose(Self.sizes.count)] }
        let space = H5Screate_simple(Int32(dimensions.count), dimensions, nil)
        let creation = makeCreation(dimensions, type)
        defer {
            H5Tclose(type)
            H5Sclose(space)
            H5Pclose(creation)
        }
        let dataset = H5Dcreate2(file, name, type, space, links, creation, chdf5_default())
        guard dataset >= 0 else { return }
        defer { H5Dclose(dataset) }
        // Where the library, which makes the file here, fails itself: behind some gigabytes of what is not in chunks, and so takes
        // all of its room in the file, it reads metadata from where none is; and so it does, or makes no room, where a size does
        // not fit into 64 bits.
        let (room, isMore) = dimensions.reduce((hsize_t(H5Tget_size(type)), false)) { room, size in
            let (product, overflow) = room.0.multipliedReportingOverflow(by: size)
            return (product, room.1 || overflow)
        }
        if isMore || H5Pget_layout(creation) != H5D_CHUNKED && room > Self.mostRoom { return }
        writeRows(of: dataset, type, dimensions)
    }

    private mutating func makeCreation(_ dimensions: [hsize_t], _ type: hid_t) -> hid_t {
        let creation = H5Pcreate(chdf5_dataset_create())
        let layout = choose(5)
        guard layout > 0, !dimensions.isEmpty else { return creation }
        if layout == 1 {
            H5Pset_layout(creation, H5D_COMPACT)
            return creation
        }
        let chunk = dimensions.enumerated().map { $0 == 0 && layout == 2 ? 1 : max(1, min($1, 16)) }
        H5Pset_chunk(creation, Int32(chunk.count), chunk)
        if layout == 4 {
            H5Pset_shuffle(creation)
            H5Pset_deflate(creation, 1)
        }
        if choose(2) == 1 { Self.withBytes(of: type, filledWith: 1) { H5Pset_fill_value(creation, type, $0) } }
        return creation
    }

    private mutating func writeRows(of dataset: hid_t, _ type: hid_t, _ dimensions: [hsize_t]) {
        var counts = dimensions
        switch choose(3) {
        case 0: break
        case 1 where !counts.isEmpty: counts[0] = min(counts[0], 1)
        default: return
        }
        var total: hsize_t = 1
        for count in counts {
            let (product, overflow) = total.multipliedReportingOverflow(by: count)
            guard !overflow, product <= Self.mostWritten else { return }
            total = product
        }
        guard total > 0 else { return }
        let bytes = [0, 1, 2, 0x7F, 0xFF][choose(5)]
        let isText = H5Tis_variable_str(type) > 0
        let space = H5Dget_space(dataset)
        let memory = H5Screate_simple(Int32(counts.count), counts, nil)
        defer {
            H5Sclose(space)
            H5Sclose(memory)
        }
        if !counts.isEmpty {
            H5Sselect_hyperslab(space, H5S_SELECT_SET, counts.map { _ in hsize_t(0) }, nil, counts, nil)
        }
        if isText {
            "{\"a\":1}".withCString { text in
                _ = [UnsafePointer<CChar>?](repeating: text, count: Int(total)).withUnsafeBufferPointer {
                    H5Dwrite(dataset, type, memory, space, chdf5_default(), $0.baseAddress)
                }
            }
        } else {
            let content = [UInt8](repeating: UInt8(bytes), count: Int(total) * H5Tget_size(type))
            H5Dwrite(dataset, type, memory, space, chdf5_default(), content)
        }
    }

    private mutating func writeAttributes(of group: String, in file: hid_t) {
        let object = H5Oopen(file, group, chdf5_default())
        guard object >= 0 else { return }
        defer { H5Oclose(object) }
        for name in ["holdfast_episode_id", "seed", "env_args", "run_id"] where choose(2) == 1 {
            let type = makeType()
            let counts = [Self.sizes[choose(4)]]
            let space = choose(2) == 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, counts, nil)
            let attribute = H5Acreate2(object, name, type, space, chdf5_default(), chdf5_default())
            // Of a text of variable length there is none then, which is read as an empty one.
            if attribute >= 0, choose(2) == 1, H5Tis_variable_str(type) == 0 {
                let content = [UInt8](repeating: 0x31, count: 4 * H5Tget_size(type))
                H5Awrite(attribute, type, content)
            }
            if attribute >= 0 { H5Aclose(attribute) }
            H5Sclose(space)
            H5Tclose(type)
        }
    }

    // MARK: Types

    private static func withBytes(of type: hid_t, filledWith byte: UInt8, _ body: (UnsafeRawPointer?) -> herr_t) {
        guard H5Tis_variable_str(type) == 0 else { return }
        let bytes = [UInt8](repeating: byte, count: H5Tget_size(type))
        _ = bytes.withUnsafeBytes { body($0.baseAddress) }
    }

    private mutating func makeType() -> hid_t {
        switch choose(Self.kinds) {
        case 0: H5Tcopy(chdf5_float64())
        case 1: H5Tcopy(chdf5_uint8())
        case 2: H5Tcopy(chdf5_int8())
        case 3: H5Tcopy(chdf5_uint16())
        case 4: H5Tcopy(chdf5_int32())
        case 5: H5Tcopy(chdf5_int64())
        case 6: H5Tcopy(chdf5_uint64())
        case 7: H5Tcopy(chdf5_float32())
        case 8: changed(chdf5_int32()) { H5Tset_order($0, H5T_ORDER_BE) }
        case 9: changed(chdf5_float64()) { H5Tset_order($0, H5T_ORDER_BE) }
        case 10: changed(chdf5_int32()) { H5Tset_size($0, 3) }
        case 11: changed(chdf5_float32()) { half($0) }
        case 12: makeEnum(["FALSE", "TRUE"])
        case 13: makeEnum(["RED", "GREEN", "BLUE"])
        case 14: changed(chdf5_c_string()) { H5Tset_size($0, 5) }
        case 15: changed(chdf5_c_string()) { H5Tset_size($0, chdf5_variable()) }
        case 16: H5Tcreate(H5T_OPAQUE, 3)
        case 17: H5Tarray_create2(chdf5_int8(), 1, [2])
        default: makeCompound()
        }
    }

    private func changed(_ type: hid_t, _ change: (hid_t) -> herr_t) -> hid_t {
        let copy = H5Tcopy(type)
        _ = change(copy)
        return copy
    }

    private func half(_ type: hid_t) -> herr_t {
        H5Tset_fields(type, 15, 10, 5, 0, 10)
        H5Tset_size(type, 2)
        return H5Tset_ebias(type, 15)
    }

    private func makeEnum(_ names: [String]) -> hid_t {
        let type = H5Tenum_create(chdf5_int8())
        for (number, name) in names.enumerated() {
            _ = withUnsafePointer(to: Int8(number)) { H5Tenum_insert(type, name, $0) }
        }
        return type
    }

    private func makeCompound() -> hid_t {
        let type = H5Tcreate(H5T_COMPOUND, 4)
        H5Tinsert(type, "r", 0, chdf5_int16())
        H5Tinsert(type, "i", 2, chdf5_int16())
        return type
    }
}
