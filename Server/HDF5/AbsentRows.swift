import CHDF5

/// The rows of a dataset that have no array, where a chunk holds several rows: an attribute, (n, 2) of int64, each line the
/// first such row and the first behind it.
enum AbsentRows {
    private static let name = "absent_rows"

    static func write(_ ranges: [Range<Int>], to dataset: hid_t) throws(HDF5Error) {
        let space = try Handle(H5Screate_simple(2, [hsize_t(ranges.count), 2], nil), H5Sclose, "H5Screate", name)
        let attribute = try Handle(
            H5Acreate2(dataset, name, chdf5_int64(), space.id, chdf5_default(), chdf5_default()),
            H5Aclose,
            "H5Acreate",
            name
        )
        let numbers = ranges.flatMap { [Int64($0.lowerBound), Int64($0.upperBound)] }
        try check(H5Awrite(attribute.id, chdf5_int64(), numbers), "H5Awrite", name)
    }

    static func read(of dataset: hid_t) throws(HDF5Error) -> [Range<Int>] {
        guard try check(H5Aexists(dataset, name), "H5Aexists", name) > 0 else { return [] }
        let attribute = try Handle(H5Aopen(dataset, name, chdf5_default()), H5Aclose, "H5Aopen", name)
        let space = try Handle(H5Aget_space(attribute.id), H5Sclose, "H5Aget_space", name)
        let count = H5Sget_simple_extent_npoints(space.id)
        guard count >= 0, count <= 2 * DatasetSpec.mostAbsent, count.isMultiple(of: 2) else {
            throw HDF5Error(.damaged, "read attribute", name, "\(count) numbers are no ranges of rows")
        }
        var numbers = [Int64](repeating: 0, count: Int(count))
        if count > 0 { try check(H5Aread(attribute.id, chdf5_int64(), &numbers), "H5Aread", name) }
        var ranges: [Range<Int>] = []
        for index in stride(from: 0, to: numbers.count, by: 2) {
            let (first, end) = (Int(numbers[index]), Int(numbers[index + 1]))
            guard first >= ranges.last?.upperBound ?? 0, first < end else {
                throw HDF5Error(.damaged, "read attribute", name, "\(first) to \(end) is no range of rows in order")
            }
            ranges.append(first..<end)
        }
        return ranges
    }
}
