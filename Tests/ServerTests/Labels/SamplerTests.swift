import Testing

@testable import Server

extension Sampler {
    /// Picks in an order, or uniformly.
    fileprivate mutating func pick(_ order: ConfidenceWalk.Direction?, limit: Int) throws -> [Pick] {
        if let order { return try pick(order, limit: limit) }
        return try pickUniformly(limit: limit)
    }
}

struct SamplerTests {
    private static let pool = CandidatePool.all(.withoutHoldout)
    private static let orders: [ConfidenceWalk.Direction?] = [nil, .outward(from: 0.5), .inward]

    /// A table of images that were registered so many together, and whose confidence the closure gives.
    private func table(
        _ count: Int,
        together: Int = 200,
        confidence: @escaping (Int) -> Double? = { _ in nil }
    ) throws -> TestData {
        let data = try TestData(.withoutHoldout)
        try data.catalog.writeNow { connection in
            var tiebreaks: [Int64] = []
            for index in 0..<count {
                if index % together == 0 { tiebreaks = Sampler.tiebreaks(together, seed: UInt64(index)) }
                try connection.execute(
                    "INSERT INTO labels (id, filename, confidence_biopsy, tiebreak) VALUES (?, ?, ?, ?)",
                    index,
                    "image \(index)",
                    confidence(index),
                    tiebreaks[index % together]
                )
            }
            try connection.run(script: "ANALYZE")
        }
        return data
    }

    private func pick(
        _ data: TestData,
        _ order: ConfidenceWalk.Direction?,
        limit: Int,
        seed: UInt64,
        excluded: Set<Int64> = []
    ) async throws -> [Int64] {
        try await data.catalog.read { connection in
            var sampler = Sampler(
                pool: Self.pool,
                connection: connection,
                generator: SeededGenerator(seed: seed),
                isUnavailable: excluded.contains
            )
            return try sampler.pick(order, limit: limit).map(\.id)
        }
    }

    /// Draws single images and counts how often each came.
    private func counts(_ data: TestData, _ order: ConfidenceWalk.Direction?, draws: Int) async throws -> [Int64: Int] {
        try await data.catalog.read { connection in
            var counts: [Int64: Int] = [:]
            for draw in 0..<draws {
                var sampler = Sampler(
                    pool: Self.pool,
                    connection: connection,
                    generator: SeededGenerator(seed: UInt64(draw)),
                    isUnavailable: { _ in false }
                )
                for pick in try sampler.pick(order, limit: 1) { counts[pick.id, default: 0] += 1 }
            }
            return counts
        }
    }

    /// How far counts are from uniform over `cells`: χ² in standard deviations from its mean.
    private func deviation(_ counts: [Int], cells: Int) -> Double {
        let expected = Double(counts.reduce(0, +)) / Double(cells)
        let zeros = Double(cells - counts.count) * expected
        let square = counts.reduce(zeros) { $0 + (Double($1) - expected) * (Double($1) - expected) / expected }
        return (square - Double(cells - 1)) / (2 * Double(cells - 1)).squareRoot()
    }

    @Test(arguments: [(50, 5000), (500, 20_000)], [1, 200])
    func randomPicksAreUniform(_ size: (rows: Int, draws: Int), together: Int) async throws {
        let (rows, draws) = size
        let counts = try await counts(try table(rows, together: together), nil, draws: draws)
        #expect(counts.values.reduce(0, +) == draws)
        #expect(abs(deviation(Array(counts.values), cells: rows)) < 4)
    }

    @Test(arguments: [1, 5000])
    func randomPicksOfALargePoolAreUniform(together: Int) async throws {
        let rows = 20_000
        let counts = try await counts(try table(rows, together: together), nil, draws: 20_000)
        // Cells of 100 rows each, so that each is expected often enough.
        var cells = [Int](repeating: 0, count: rows / 100)
        for (id, count) in counts { cells[Int(id) / 100] += count }
        #expect(abs(deviation(cells, cells: cells.count)) < 4)
        // A row that comes much more often than others would be the sign of picking by gaps.
        #expect((counts.values.max() ?? 0) < 10)
    }

    @Test(arguments: [ConfidenceWalk.Direction.outward(from: 0.5), .inward])
    func tiesBreakUniformly(order: ConfidenceWalk.Direction?) async throws {
        // 300 rows tie for the first place of either branch.
        let data = try table(1000) { $0 < 300 ? 0.5 : $0 < 600 ? 1 : 0.7 }
        let counts = try await counts(data, order, draws: 12_000)
        let first: Set<Int64> = order == .outward(from: 0.5) ? Set(0..<300) : Set(300..<600)
        #expect(Set(counts.keys).isSubset(of: first))
        #expect(abs(deviation(Array(counts.values), cells: 300)) < 4)
    }

    @Test func uncertainComesNearestToUndecidedFirst() async throws {
        let data = try table(200) { Double($0) / 199 }
        let picked = try await pick(data, .outward(from: 0.5), limit: 200, seed: 1)
        let distances = picked.map { abs(Double($0) / 199 - 0.5) }
        #expect(Set(picked).count == 200)
        #expect(zip(distances, distances.dropFirst()).allSatisfy { $0 <= $1 })
    }

    @Test func confidentComesFarthestFromUndecidedFirst() async throws {
        let data = try table(200) { Double($0) / 199 }
        let picked = try await pick(data, .inward, limit: 200, seed: 1)
        let distances = picked.map { abs(Double($0) / 199 - 0.5) }
        #expect(Set(picked).count == 200)
        #expect(zip(distances, distances.dropFirst()).allSatisfy { $0 >= $1 })
    }

    @Test func withoutAConfidenceAnImageIsUndecided() async throws {
        let data = try table(30) { $0 < 10 ? nil : 0.6 }
        let picked = try await pick(data, .outward(from: 0.5), limit: 10, seed: 1)
        #expect(picked.sorted() == Array(0..<10))
    }

    @Test(arguments: orders, [50, 500, 20_000])
    func nothingIsPickedTwiceAndNothingThatIsExcluded(order: ConfidenceWalk.Direction?, rows: Int) async throws {
        let data = try table(rows) { Double($0 % 3) / 4 }
        let excluded = Set((0..<Int64(rows)).filter { $0 % 2 == 0 })
        let picked = try await pick(data, order, limit: 40, seed: 5, excluded: excluded)
        let expected = rows == 50 ? 25 : 40
        #expect(picked.count == expected)
        #expect(Set(picked).count == expected)
        #expect(Set(picked).isDisjoint(with: excluded))
    }

    @Test(arguments: orders)
    func theSameSeedPicksTheSame(order: ConfidenceWalk.Direction?) async throws {
        let data = try table(2000) { Double($0 % 2) }
        let first = try await pick(data, order, limit: 30, seed: 7)
        #expect(try await pick(data, order, limit: 30, seed: 7) == first)
        #expect(try await pick(data, order, limit: 30, seed: 8) != first)
    }

    @Test(arguments: [nil, .outward(from: 0.5)] as [ConfidenceWalk.Direction?], [0, 1, 3])
    func whenNearlyAllAreExcludedTheRestIsFound(order: ConfidenceWalk.Direction?, rest: Int) async throws {
        let data = try table(3000)
        let excluded = Set(Int64(rest)..<3000)
        let picked = try await pick(data, order, limit: 5, seed: 3, excluded: excluded)
        #expect(picked.sorted() == Array(0..<Int64(rest)))
    }

    @Test func moreThanThereIsGivesAllThereIs() async throws {
        let data = try table(400)
        #expect(try await pick(data, nil, limit: 1000, seed: 1).sorted() == Array(0..<400))
    }

    @Test(arguments: [0, 1, 1000] as [Int64])
    func tiebreaksThatLieCloseTogetherDoNotHang(distance: Int64) async throws {
        let data = try table(500)
        try data.change("UPDATE labels SET tiebreak = ?1 + id * ?2", .integer(1 << 61), .integer(distance))
        let picked = try await pick(data, nil, limit: 20, seed: 1)
        #expect(picked.count == 20)
        #expect(Set(picked).count == 20)
    }

    // MARK: Plans

    @Test(arguments: [nil, "mag_view"] as [String?])
    func everyQueryUsesAnIndexThatIsInOrder(label: String?) async throws {
        let data = try table(300) { Double($0 % 4) / 8 }
        let name = label.flatMap { name in LabelSettings.standard.labels.first { $0.name == name } }
        let pool = name.map { CandidatePool.missing($0) } ?? Self.pool
        let queries =
            [(">", "ASC"), (">=", "ASC"), ("<", "DESC")].map { ConfidenceWalk.query(pool, $0, $1) }
            + [false, true].map { Sampler.query(pool, ofOneConfidence: $0) }
        for query in queries {
            let plan = try await data.catalog.read { connection in
                try connection.rows("EXPLAIN QUERY PLAN \(query)") { $0.string(3) }
            }
            #expect(plan.count == 1, "\(plan)")
            #expect(plan.allSatisfy { $0.hasPrefix("SEARCH labels USING") && $0.contains(pool.name) }, "\(plan)")
        }
    }
}
