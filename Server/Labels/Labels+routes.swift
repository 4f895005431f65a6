import Hummingbird
import NIOCore
import Wire

extension Labels {
    /// How long a download may take.
    private static let longestExport = Duration.seconds(600)

    /// Whether an array is the pixels of an image that is held out: one that was given to `images.insert`, not a step's.
    static func isHeldOut(_ ref: FrameRef, _ connection: Connection) throws -> Bool {
        guard RunID.isReserved(ref.runID), ref.runID != RunID.variables else { return false }
        return try connection.first("SELECT 1 FROM labels WHERE frame_ref = ? AND split IS 'test'", "\(ref)") { _ in
            true
        }
            ?? false
    }

    /// `GET /thumbnails/{image_id}.png?size=N` and `GET /exports/labels?format=F&labeled=1`
    func addRoutes(to group: RouterGroup<DoorContext>, _ pictures: PictureResponse) {
        let catalog = catalog
        group.get("/thumbnails/:file") { request, context in
            let id = try PictureResponse.index(context.parameters.require("file"))
            let found = try await catalog.read { connection in
                let image = try connection.first("SELECT frame_ref, split IS 'test' FROM labels WHERE id = ?", id) {
                    (text: $0.optionalString(0), isHoldout: $0.bool(1))
                }
                guard let image, let text = image.text else {
                    throw WireError.notFound("image \(id) does not exist or has no pixels")
                }
                let ref = try FrameRef(text)
                return (ref: ref, isHoldout: try image.isHoldout || Self.isHeldOut(ref, connection))
            }
            if found.isHoldout { try context.access.check(.holdout, for: "a held-out image") }
            do {
                return try await pictures.respond(found.ref, request)
            } catch let error as WireError where error.kind == .notFound {
                // There were pixels when the image came.
                throw WireError(
                    .runDamaged,
                    "the pixels of image \(id), \(found.ref), are gone: the array file is missing or lacks them; holdfast verify "
                        + "names what is, and a backup may have it"
                )
            }
        }
        group.get("/exports/labels") { request, _ in try export(request) }
    }

    private func export(_ request: Hummingbird.Request) throws -> Hummingbird.Response {
        let parameters = request.uri.queryParameters
        let name = parameters.get("format") ?? LabelExport.Format.csv.rawValue
        guard let format = LabelExport.Format(rawValue: name) else {
            throw WireError.invalidParams("format is \"\(name.prefix(40))\"; it is csv, jsonl or coco")
        }
        let labeled = parameters.get("labeled") ?? "0"
        guard ["0", "1"].contains(labeled) else {
            throw WireError.invalidParams("labeled is \"\(labeled.prefix(40))\"; it is 0 or 1")
        }
        let export = LabelExport(format, onlyLabeled: labeled == "1", settings)
        // Before the answer begins, so that a failure gets a proper error.
        let snapshot = try catalog.snapshot()
        return Response(
            status: .ok,
            headers: [
                .contentType: format.mediaType, .cacheControl: "no-store",
                .contentDisposition: "attachment; filename=\"\(format.fileName)\"",
            ],
            body: .init { writer in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    // Somebody who takes the bytes slowly, or not at all, must not hold the database's state for ever.
                    group.addTask {
                        try await ContinuousClock().sleep(for: Self.longestExport)
                        snapshot.close()
                    }
                    var export = export
                    while true {
                        let state = export
                        let (next, piece) = try await snapshot.read { connection in
                            var export = state
                            let piece = try export.next(connection)
                            return (export, piece)
                        }
                        guard let piece else { break }
                        export = next
                        try await writer.write(piece)
                    }
                    group.cancelAll()
                }
                try await writer.finish(nil)
            }
        )
    }
}

extension LabelExport.Format {
    fileprivate var mediaType: String {
        switch self {
        case .csv: "text/csv; charset=utf-8"
        case .jsonl: "application/jsonl"
        case .coco: "application/json"
        }
    }

    /// The name under which a browser keeps the file.
    fileprivate var fileName: String {
        switch self {
        case .csv: "labels.csv"
        case .jsonl: "labels.jsonl"
        case .coco: "labels.coco.json"
        }
    }
}
