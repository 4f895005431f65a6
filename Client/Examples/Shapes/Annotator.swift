package import Holdfast

/// Draws pictures, registers them as images to label, and labels what the server offers: who knows what each really shows.
package struct Annotator {
    package static let label = "is_disc"
    private static let name = "oracle"

    private let client: HoldfastClient
    /// The pictures by their images' ids.
    package let pictures: [Int64: Picture]

    /// - Throws: ``MissingLabel``, before any picture is registered.
    package init(client: HoldfastClient, drawing count: Int, seed: UInt64) async throws {
        guard try await client.labelStats().labels[Self.label] != nil else { throw MissingLabel(label: Self.label) }
        self.client = client
        var drawn: [Int64: Picture] = [:]
        for start in stride(from: 0, to: count, by: 200) {
            let pictures = (start..<min(start + 200, count)).map { Picture(number: $0, seed: seed) }
            let images = try pictures.map { picture in
                ImagesInsert.Image(
                    filename: "shapes-\(seed)/\(picture.number)",
                    studyID: "shapes-\(seed)/\(picture.number / 10)",
                    frameNumber: Int64(picture.number % 10),
                    image: try ArrayValue(picture.pixels, shape: [Picture.side, Picture.side])
                )
            }
            let ids = try await client.insertImagesAndWait(images).ids
            for (id, picture) in zip(ids, pictures) { drawn[id] = picture }
        }
        pictures = drawn
    }

    /// Judges the held-out images: what a model is measured against, and never trained on.
    package func labelHoldout() async throws {
        let images = try await client.nextHoldoutImages(limit: 1000, annotator: Self.name)
        let sets = images.map { LabelsSet(id: $0.id, labels: [Self.label: answer($0.id)]) }
        if !sets.isEmpty { try await client.setLabels(sets, annotator: Self.name) }
    }

    /// Labels the next images that the server offers.
    package func label(_ count: Int, strategy: String) async throws {
        let images = try await client.nextImages(
            limit: count,
            label: Self.label,
            strategy: strategy,
            annotator: Self.name
        )
        let sets = images.map { image in
            LabelsSet(id: image.id, labels: [Self.label: answer(image.id)], opinion: image.opinion)
        }
        if !sets.isEmpty { try await client.setLabels(sets, annotator: Self.name) }
    }

    private func answer(_ id: Int64) -> Int { pictures[id]?.isDisc ?? false ? 1 : 0 }
}

/// The server was made for other labels.
package struct MissingLabel: Error, CustomStringConvertible {
    let label: String

    package var description: String {
        "this server has no label \(label); start another, DIR being new: holdfast serve --data DIR --labels \(label)"
    }
}
