import CHDF5
package import NIOCore

/// An HDF5 file that is written for other programs: groups, compressed datasets that grow, attributes.
///
/// Every method must run on the executor. `@unchecked Sendable`: what changes is touched there only.
package final class ExportFile: @unchecked Sendable {
    private let executor: HDF5Executor
    private let file: OpenFile
    private var datasets: [String: ExportDataset] = [:]

    /// Creates the file over whatever was there.
    package init(_ path: String, on executor: HDF5Executor) throws(HDF5Error) {
        executor.assertIsCurrent()
        self.executor = executor
        file = try OpenFile.create(path)
    }

    deinit {
        // Safe to send: nobody else has them.
        nonisolated(unsafe) let last = (file, datasets)
        executor.later {
            withExtendedLifetime(last.1) {}
            last.0.abandon()
        }
    }

    package func makeGroup(_ name: String) throws(HDF5Error) {
        executor.assertIsCurrent()
        let list = try Self.makeLinkList()
        _ = try Handle(
            H5Gcreate2(file.id, name, list.id, chdf5_default(), chdf5_default()),
            H5Gclose,
            "H5Gcreate",
            "\(file.path)/\(name)"
        )
    }

    /// Adds a dataset of no rows.
    ///
    /// - Parameter rows: About how many it will get.
    package func makeDataset(_ name: String, layout: RowLayout, rows: Int) throws(HDF5Error) {
        executor.assertIsCurrent()
        let links = try Self.makeLinkList()
        datasets[name] = try ExportDataset(name, .numbers(layout), rows: rows, links: links, in: file.id)
    }

    /// Adds a dataset of texts.
    package func makeTexts(_ name: String, rows: Int) throws(HDF5Error) {
        executor.assertIsCurrent()
        let links = try Self.makeLinkList()
        datasets[name] = try ExportDataset(name, .texts, rows: rows, links: links, in: file.id)
    }

    /// Adds rows, as little-endian bytes, to a dataset.
    package func append(_ bytes: ByteBuffer, to name: String) throws(HDF5Error) {
        try dataset(name).append(bytes)
    }

    package func append(_ texts: [String], to name: String) throws(HDF5Error) {
        try dataset(name).append(texts)
    }

    package func setAttribute(_ name: String, _ value: Int64, of group: String) throws(HDF5Error) {
        let object = try open(group)
        try Attributes.write(value, name: name, to: object.id)
    }

    package func setAttribute(_ name: String, _ value: String, of group: String) throws(HDF5Error) {
        let object = try open(group)
        try Attributes.write(value, name: name, to: object.id)
    }

    /// Ends with the datasets there are so far, which makes room for others in memory.
    package func finishDatasets() throws(HDF5Error) {
        executor.assertIsCurrent()
        datasets = [:]
    }

    package func close() throws(HDF5Error) {
        try finishDatasets()
        try file.close()
    }

    private func dataset(_ name: String) throws(HDF5Error) -> ExportDataset {
        executor.assertIsCurrent()
        guard let dataset = datasets[name] else {
            throw HDF5Error(.invalid, "append", "\(file.path)/\(name)", "there is no such open dataset")
        }
        return dataset
    }

    private func open(_ group: String) throws(HDF5Error) -> Handle {
        executor.assertIsCurrent()
        return try Handle(H5Oopen(file.id, group, chdf5_default()), H5Oclose, "H5Oopen", "\(file.path)/\(group)")
    }

    private static func makeLinkList() throws(HDF5Error) -> Handle {
        let list = try Handle(H5Pcreate(chdf5_link_create()), H5Pclose, "H5Pcreate", "link")
        try check(H5Pset_create_intermediate_group(list.id, 1), "H5Pset_create_intermediate_group", "link")
        return list
    }
}
