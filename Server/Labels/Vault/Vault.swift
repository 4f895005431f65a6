import Wire

/// The held-out images: given out at random and blind, measured against, never told.
enum Vault {
    /// Seconds until an image that was given out and not answered may go to somebody else.
    static let leaseDuration = 1800.0

    /// Throws unless an annotator has the lease of a held-out image.
    ///
    /// The lease outlives its time as long as nobody else got the image: an answer that was delayed is still an answer.
    static func checkLease(of image: Int64, annotator: String, _ connection: Connection) throws {
        let holder = try connection.first("SELECT annotator FROM holdout_leases WHERE image_id = ?", image) {
            Array($0.string(0).utf8)
        }
        guard holder == Array(annotator.utf8) else { throw leaseRequired(image) }
    }

    /// Throws unless a caller may judge an image that is held out; any other one anybody may who may label.
    static func checkRole(_ access: Access, toJudge image: Int64, _ connection: Connection) throws {
        guard try isHoldout(image, connection) else { return }
        try checkRole(access, toJudge: image)
    }

    /// Throws unless a caller may judge a held-out image.
    static func checkRole(_ access: Access, toJudge image: Int64) throws {
        guard !access.allows(.holdout) else { return }
        throw WireError(.forbidden, "image \(image) is held out: judging it needs a token with role holdout")
    }

    static func isHoldout(_ image: Int64, _ connection: Connection) throws -> Bool {
        try connection.first("SELECT split IS 'test' FROM labels WHERE id = ?", image) { $0.bool(0) } ?? false
    }

    /// Whether an array is that of an image on the other side of the hold-out.
    static func crosses(_ frameRef: String, isHoldout: Bool, _ connection: Connection) throws -> Bool {
        try connection.first(
            "SELECT 1 FROM labels WHERE frame_ref = ? AND (split IS 'test') != ? LIMIT 1",
            frameRef,
            isHoldout
        ) { _ in true } ?? false
    }

    static func leaseRequired(_ image: Int64) -> WireError {
        WireError(
            "holdout_lease_required",
            "image \(image) is held out: only the annotator to whom holdout.next gave it may judge it",
            details: ["id": .integer(image)]
        )
    }

    /// Gives back an annotator's leases, or those of the images; says how many.
    static func release(of annotator: String, _ images: [Int64]?, _ connection: Connection) throws -> Int {
        guard let images else {
            return try connection.execute("DELETE FROM holdout_leases WHERE annotator = ?", annotator)
        }
        return try images.reduce(0) { count, image in
            try count
                + connection.execute(
                    "DELETE FROM holdout_leases WHERE image_id = ? AND annotator = ?",
                    image,
                    annotator
                )
        }
    }
}

extension Labels {
    /// `holdout.next`
    func holdoutNext(_ parameters: HoldoutNext) throws -> @Sendable (WriteTransaction) throws -> HoldoutNext.Result {
        let limit = try Page.limit(parameters.limit, default: 1, maximum: 1000)
        let annotator = parameters.annotator ?? ""
        try Attachment.check(annotator, "annotator")
        let pool = try parameters.label.map { CandidatePool.holdout(missing: try label($0)) } ?? .holdout(settings)
        return { transaction in
            let connection = transaction.connection
            let time = Timestamp.steady()
            // A lease that ends later than any may was given before the clock was set back, and the server started again.
            try connection.execute(
                "DELETE FROM holdout_leases WHERE (expires_at <= ? OR expires_at > ?) AND annotator != ?",
                time,
                time + Vault.leaseDuration,
                annotator
            )
            let others = Set(
                try connection.rows("SELECT image_id FROM holdout_leases WHERE annotator != ?", [annotator]) {
                    $0.integer(0)
                }
            )
            var sampler = Sampler(
                pool: pool,
                connection: connection,
                generator: SeededGenerator(seed: UInt64.random(in: 0 ... .max)),
                isUnavailable: others.contains
            )
            let picks = try sampler.pickUniformly(limit: limit)
            for pick in picks {
                try connection.execute(
                    """
                    INSERT INTO holdout_leases (image_id, annotator, expires_at) VALUES (?, ?, ?)
                    ON CONFLICT (image_id) DO UPDATE SET annotator = excluded.annotator, expires_at = excluded.expires_at
                    """,
                    pick.id,
                    annotator,
                    time + Vault.leaseDuration
                )
            }
            return HoldoutNext.Result(images: try picks.map { try Self.holdoutImage($0.id, connection) })
        }
    }

    private static func holdoutImage(_ id: Int64, _ connection: Connection) throws -> HoldoutImage {
        let hasPixels = try connection.first("SELECT frame_ref IS NOT NULL FROM labels WHERE id = ?", id) { $0.bool(0) }
        return HoldoutImage(id: id, thumbnail: hasPixels ?? false ? "/thumbnails/\(id).png" : nil)
    }

    private struct HoldoutKey: Codable {
        let id: Int64
    }

    /// `holdout.images`
    func holdoutImages(_ parameters: HoldoutImages) async throws -> HoldoutImages.Result {
        let limit = try Page.limit(parameters.limit, default: 1000, maximum: 10_000)
        let start = try Page.key(HoldoutKey.self, of: parameters.cursor)?.id ?? 0
        return try await catalog.read { connection in
            let images = try connection.rows(
                """
                SELECT id, frame_ref IS NOT NULL FROM labels INDEXED BY labels_test
                WHERE split = 'test' AND id > ? ORDER BY id LIMIT ?
                """,
                [start, limit + 1]
            ) { HoldoutImage(id: $0.integer(0), thumbnail: $0.bool(1) ? "/thumbnails/\($0.integer(0)).png" : nil) }
            return HoldoutImages.Result(
                images: Array(images.prefix(limit)),
                cursor: images.count > limit ? try Page.cursor(HoldoutKey(id: images[limit - 1].id)) : nil
            )
        }
    }
}
