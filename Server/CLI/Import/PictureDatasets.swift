import Foundation
import HDF5
import Holdfast
import NIOCore

/// The datasets of an HDF5 file whose rows are pictures.
struct PictureDatasets: ImportSource {
    private let file: ArrayFile
    private let names: [String]
    private let study: String?

    init(_ file: ArrayFile, dataset: String?, study: String?) throws {
        self.file = file
        self.study = study
        if let dataset {
            guard let found = file.datasets[dataset], Self.hasPictures(found) else {
                throw CommandFailure(
                    code: CommandFailure.other,
                    message:
                        "\(file.url.path) has no dataset \(dataset) whose rows are pictures of 2 to 4 dimensions; it has \(file.shapes)"
                )
            }
            names = [dataset]
        } else {
            names = file.datasets.filter { Self.hasPictures($0.value) }.keys.sorted()
        }
        guard !names.isEmpty else {
            throw CommandFailure(
                code: CommandFailure.other,
                message: "\(file.url.path) has no dataset whose rows are pictures"
            )
        }
    }

    private static func hasPictures(_ dataset: ForeignDataset) -> Bool {
        dataset.dtype != nil && (3...5).contains(dataset.dimensions.count) && !dataset.dimensions.contains(0)
    }

    func send(to client: HoldfastClient) async throws -> String {
        let total = names.reduce(0) { $0 + (file.datasets[$1]?.rows ?? 0) }
        var batches = ImageBatches(client: client, total: total)
        for name in names {
            for index in 0..<(file.datasets[name]?.rows ?? 0) {
                let row = try await file.rows(name, index..<(index + 1))
                let pixels = try ArrayValue(dtype: row.dtype, shape: Array(row.shape.dropFirst()), bytes: row.bytes)
                try await batches.add(
                    ImagesInsert.Image(
                        filename: "\(file.stem)/\(name)/\(index)",
                        studyID: study ?? file.stem,
                        frameNumber: Int64(index),
                        image: pixels
                    )
                )
            }
        }
        try await batches.flush()
        return batches.summary
    }
}
