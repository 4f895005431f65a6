import HDF5
import Logging
import NIOCore
import Wire

extension Labels {
    /// An image of a request, its pixels encoded.
    private struct Prepared: Sendable {
        let image: ImagesInsert.Image
        let spec: DatasetSpec?
        let row: EncodedChunk?
        /// The layout of the array that is there already, behind `frame_ref`.
        let stored: RowLayout?
        let hash: PerceptualHash?
    }

    /// `images.insert`
    func insert(
        _ parameters: ImagesInsert,
        _ context: CallContext
    ) async throws -> @Sendable (WriteTransaction) throws -> ImagesInsert.Result {
        var prepared: [Prepared] = []
        for (index, image) in parameters.images.enumerated() {
            do {
                try check(image)
                prepared.append(try await prepare(image, context))
            } catch let error as WireError {
                var error = error
                error.message = "images[\(index)]: \(error.message)"
                throw error
            }
        }
        let images = prepared
        return { transaction in
            let result = try warningOfStraddling(transaction) { try insert(images, transaction) }
            if result.inserted > 0 { transaction.afterCommit { catalog.announcements.post(.labels) } }
            if let first = result.duplicates.first {
                transaction.afterCommit {
                    logger.warning(
                        "images that are there already were passed over",
                        metadata: ["count": "\(result.duplicates.count)", "first": "\(first)"]
                    )
                }
            }
            return result
        }
    }

    /// Inserts images and warns when more studies than before lie on both sides of a split.
    func warningOfStraddling<Result>(_ transaction: WriteTransaction, _ insert: () throws -> Result) throws -> Result {
        let before = try Self.counter("straddling_studies", transaction.connection)
        let result = try insert()
        let now = try Self.counter("straddling_studies", transaction.connection)
        guard now > before else { return result }
        transaction.afterCommit {
            logger.warning(
                "studies have images on both sides of a split: what a model learns of them leaks; make the database with --split-by study",
                metadata: ["studies": "\(now)"]
            )
        }
        return result
    }

    private func check(_ image: ImagesInsert.Image) throws {
        try Self.check(filename: image.filename)
        guard image.image == nil || image.frameRef == nil else {
            throw WireError.invalidParams("at most one of image and frame_ref")
        }
        try Self.check(studyID: image.studyID, of: image.filename, settings)
    }

    static func check(filename: String) throws {
        guard (1...4096).contains(filename.utf8.count), !filename.utf8.contains(0) else {
            throw WireError.invalidParams("filename must have 1 to 4096 bytes, none of them 0")
        }
    }

    static func check(studyID: String?, of filename: String, _ settings: LabelSettings) throws {
        try Attachment.check(studyID, "study_id")
        if settings.splitBy == .study, studyID?.isEmpty ?? true {
            throw WireError.invalidParams(
                "study_id is required: images are split by study, and \"\(filename.prefix(100))\" has none"
            )
        }
    }

    private func prepare(_ image: ImagesInsert.Image, _ context: CallContext) async throws -> Prepared {
        guard let array = image.image else {
            let (stored, hash) = try await look(at: image.frameRef, context)
            return Prepared(image: image, spec: nil, row: nil, stored: stored, hash: hash)
        }
        guard (2...4).contains(array.shape.count), array.count > 0 else {
            throw WireError.invalidParams(
                "image has shape \(array.shape); a picture has 2 to 4 dimensions, none of size 0"
            )
        }
        let source = try RowSource(row: array)
        let shape = source.layout.shape.map(String.init).joined(separator: "x")
        let spec = DatasetSpec(
            name: "\(source.layout.dtype.rawValue)_\(shape)",
            layout: source.layout,
            storage: .chunkPerRow
        )
        let row = try await arrays.encode(source, for: .lzf)[0]
        return Prepared(image: image, spec: spec, row: row, stored: nil, hash: PerceptualHash(of: array))
    }

    /// A stored frame's layout and how it looks; nil without one: whether it must be there is decided when the image's turn
    /// comes.
    private func look(at ref: String?, _ context: CallContext) async throws -> (RowLayout?, PerceptualHash?) {
        guard let ref else { return (nil, nil) }
        let frame = try FrameRef(ref)
        // Under another name a held-out image would be one to train on.
        if !context.access.allows(.holdout), try await catalog.read({ try Self.isHeldOut(frame, $0) }) {
            try context.access.check(.holdout, for: ref)
        }
        var stored = try await arrays.read([frame])[0]
        if stored == nil {
            await context.earlierWrites()
            stored = try await arrays.read([frame])[0]
        }
        guard let stored else { return (nil, nil) }
        let array = try ArrayValue(dtype: stored.layout.dtype, shape: stored.layout.shape, bytes: stored.bytes)
        return (stored.layout, PerceptualHash(of: array))
    }

    private func insert(_ images: [Prepared], _ transaction: WriteTransaction) throws -> ImagesInsert.Result {
        let connection = transaction.connection
        var result = ImagesInsert.Result(inserted: 0, duplicates: [], ids: [])
        var rows: [DatasetSpec: (runID: String, extent: Int, rows: [(firstRow: Int, chunk: EncodedChunk)])] = [:]
        for (prepared, tiebreak) in zip(images, Sampler.tiebreaks(images.count)) {
            let image = prepared.image
            let known = try connection.first("SELECT id FROM labels WHERE filename = ?", image.filename) {
                $0.integer(0)
            }
            if let known {
                result.duplicates.append(image.filename)
                result.ids.append(known)
                continue
            }
            var ref = image.frameRef
            if let spec = prepared.spec, let row = prepared.row {
                let (runID, index, _) = try rows[spec] ?? place(of: spec, transaction)
                rows[spec, default: (runID, index, [])].rows.append((index, row))
                rows[spec]?.extent = index + 1
                ref = FrameRef(runID: runID, dataset: spec.name, index: index).description
            } else if let ref {
                try checkResolves(ref, to: prepared, connection)
            }
            let key = settings.splitBy == .study ? image.studyID ?? "" : image.filename
            let isHoldout = settings.isHoldout(key)
            if let ref = image.frameRef, try Vault.crosses(ref, isHoldout: isHoldout, connection) {
                transaction.afterCommit {
                    logger.warning(
                        "an array is that of images on both sides of the hold-out: models are trained on what they are measured with",
                        metadata: ["ref": "\(ref)", "filename": "\(image.filename)"]
                    )
                }
            }
            try insertRow(image, isHoldout: isHoldout, ref: ref, tiebreak, prepared.hash, connection)
            result.inserted += 1
            result.ids.append(connection.lastInsertedRowID)
        }
        for (spec, pending) in rows {
            try connection.execute(
                "UPDATE run_datasets SET rows = ? WHERE run_id = ? AND name = ?",
                pending.extent,
                pending.runID,
                spec.name
            )
        }
        for (runID, pending) in Dictionary(grouping: rows, by: \.value.runID) {
            transaction.arrays.append(
                pending.map { Column(spec: $0.key, extent: $0.value.extent, payload: .chunks($0.value.rows)) },
                runID: runID
            )
        }
        return result
    }

    /// Where the next row of a dataset goes.
    private func place(
        of spec: DatasetSpec,
        _ transaction: WriteTransaction
    ) throws -> (runID: String, extent: Int, rows: [(firstRow: Int, chunk: EncodedChunk)]) {
        let runID = try ImageRuns.run(of: spec, arrays, transaction)
        let rows = try transaction.connection.first(
            "SELECT rows FROM run_datasets WHERE run_id = ? AND name = ?",
            runID,
            spec.name
        ) { $0.int(0) }
        return (runID, rows ?? 0, [])
    }

    private func insertRow(
        _ image: ImagesInsert.Image,
        isHoldout: Bool,
        ref: String?,
        _ tiebreak: Int64,
        _ hash: PerceptualHash?,
        _ connection: Connection
    ) throws {
        try connection.execute(
            """
            INSERT INTO labels (filename, study_id, thumbnail_path, frame_number, split, frame_ref, tiebreak, phash)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            """,
            image.filename,
            image.studyID,
            image.thumbnailPath,
            image.frameNumber,
            isHoldout ? "test" : nil,
            ref,
            tiebreak,
            hash?.bits
        )
    }

    /// Throws unless there is a picture behind a reference.
    private func checkResolves(_ text: String, to prepared: Prepared, _ connection: Connection) throws {
        let ref = try FrameRef(text)
        let rows = try RunStore.committedRows(ref.runID, connection)[ref.dataset]
        // A step without an array leaves a row without one.
        guard rows.map({ ref.index < $0 }) ?? false, let layout = prepared.stored else {
            throw WireError(
                .notFound,
                "frame_ref \(text) has no array behind it",
                details: ["ref": .string(text)]
            )
        }
        guard prepared.hash != nil else {
            let frame = FrameRef(runID: ref.runID, dataset: "frames", index: ref.index)
            throw WireError.invalidParams(
                "frame_ref \(text) is \(layout), which can't be shown as a picture; name a row of a dataset of pictures, such as \(frame)"
            )
        }
    }
}
