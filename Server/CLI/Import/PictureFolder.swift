import Foundation
import Holdfast
import NIOCore
import PNG

/// A folder of PNG files.
struct PictureFolder: ImportSource {
    private let root: URL
    private let files: [String]
    private let study: String?

    init(_ path: String, study: String?) throws {
        root = URL(fileURLWithPath: path, isDirectory: true)
        let paths = FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? []
        files = paths.filter { $0.lowercased().hasSuffix(".png") }.sorted()
        self.study = study
        guard !files.isEmpty else {
            throw CommandFailure(
                code: CommandFailure.other,
                message: "\(path) has no PNG files; other kinds of pictures have to be converted first"
            )
        }
    }

    func send(to client: HoldfastClient) async throws -> String {
        var batches = ImageBatches(client: client, total: files.count)
        var broken: [String] = []
        for file in files {
            do {
                try await batches.add(try image(file))
            } catch let error as PNGError {
                broken.append("\(file): \(error)")
            }
        }
        try await batches.flush()
        guard broken.isEmpty else {
            throw CommandFailure(
                code: CommandFailure.other,
                message:
                    "\(batches.summary); \(broken.count) files are not readable PNGs: \(broken.joined(separator: "; "))"
            )
        }
        return batches.summary
    }

    private func image(_ file: String) throws -> ImagesInsert.Image {
        let bitmap = try PNGDecoder.decode([UInt8](try Data(contentsOf: root.appendingPathComponent(file))))
        let shape = [bitmap.height, bitmap.width] + (bitmap.channels == 1 ? [] : [bitmap.channels])
        let pixels = try ArrayValue(
            dtype: bitmap.bitDepth == 16 ? .uint16 : .uint8,
            shape: shape,
            bytes: ByteBuffer(bytes: bitmap.pixels)
        )
        let folder = file.split(separator: "/").dropLast().joined(separator: "/")
        let own = folder.isEmpty ? root.standardizedFileURL.lastPathComponent : folder
        return ImagesInsert.Image(filename: file, studyID: study ?? own, image: pixels)
    }
}
