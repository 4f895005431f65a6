import Holdfast
import NIOCore

/// Sends images to label in requests of a moderate size, with progress.
struct ImageBatches {
    private static let maximumImages = 200
    private static let maximumBytes = 16 << 20

    private let client: HoldfastClient
    private var progress: ProgressBar
    private var pending: [ImagesInsert.Image] = []
    private var bytes = 0
    private(set) var inserted = 0
    private(set) var duplicates = 0

    init(client: HoldfastClient, total: Int) {
        self.client = client
        progress = ProgressBar("images", total: total)
    }

    mutating func add(_ image: ImagesInsert.Image) async throws {
        pending.append(image)
        bytes += image.image?.bytes.readableBytes ?? 0
        if pending.count >= Self.maximumImages || bytes >= Self.maximumBytes { try await flush() }
    }

    mutating func flush() async throws {
        guard !pending.isEmpty else { return }
        let result = try await client.insertImagesAndWait(pending)
        inserted += result.inserted
        duplicates += result.duplicates.count
        progress.advance(by: pending.count)
        pending = []
        bytes = 0
    }

    var summary: String {
        "imported \(Human.plural(inserted, "image"))"
            + (duplicates == 0 ? "" : ", passed over \(duplicates) that were there already")
    }
}
