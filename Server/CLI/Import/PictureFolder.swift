import Foundation
import Holdfast
import NIOCore
import PNG

/// A folder of PNG files.
struct PictureFolder: ImportSource {
    /// Endings of pictures that are not read.
    static let otherPictures: Set = ["jpg", "jpeg", "tif", "tiff", "webp", "bmp", "gif", "dcm"]

    private let root: URL
    private let files: [String]
    /// Of those that are there, and how many.
    private let passedOver: [String: Int]
    private let study: String?

    init(_ path: String, study: String?) throws {
        root = URL(fileURLWithPath: path, isDirectory: true)
        guard FileManager.default.isReadableFile(atPath: path) else {
            throw CommandFailure(code: CommandFailure.other, message: "\(path) can't be read by this user")
        }
        let paths = FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? []
        files = paths.filter { $0.lowercased().hasSuffix(".png") }.sorted()
        let endings = paths.map { URL(fileURLWithPath: $0).pathExtension.lowercased() }
        passedOver = Dictionary(endings.filter(Self.otherPictures.contains).map { ($0, 1) }, uniquingKeysWith: +)
        self.study = study
        guard !files.isEmpty else {
            throw CommandFailure(
                code: CommandFailure.other,
                message: Self.reason(path)
            )
        }
    }

    /// Why a folder without PNG files is none to import.
    private static func reason(_ path: String) -> String {
        let minari = path + "/data/main_data.hdf5"
        if FileManager.default.fileExists(atPath: minari) {
            return "\(path) is a dataset of Minari; give its file \(minari)"
        }
        if FileManager.default.fileExists(atPath: DataFolder(path).database) {
            return "\(path) is a data directory, which \"holdfast serve --data\" opens"
        }
        return "\(path) has no PNG files; other kinds of pictures have to be converted first"
    }

    func send(to client: HoldfastClient) async throws -> String {
        var batches = ImageBatches(client: client, total: files.count)
        var broken: [String] = []
        for file in files {
            do {
                try await batches.add(try image(file))
            } catch let error as PNGError {
                broken.append("\(file): \(error)")
            } catch let error as CocoaError {
                broken.append("\(file): \(error.localizedDescription)")
            }
        }
        try await batches.flush()
        var summary = batches.summary
        for (ending, count) in passedOver.sorted(by: { $0.key < $1.key }) {
            summary += "; passed over \(Human.plural(count, "file")) .\(ending), to be converted to PNG first"
        }
        guard broken.isEmpty else {
            throw CommandFailure(
                code: CommandFailure.other,
                message:
                    "\(summary); \(broken.joined(separator: "; "))"
            )
        }
        return summary
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
