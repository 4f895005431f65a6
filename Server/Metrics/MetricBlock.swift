import Wire

/// Rows of one table as columns, read without making a JSON value of each cell.
struct MetricBlock {
    private static let largest = 1_000_000

    private enum Cells {
        case texts(values: [String], codes: [Int])
        case integers([Int64], valid: [Bool]?)
        case doubles([Double], valid: [Bool]?)
    }

    let count: Int
    private let name: String
    private let cells: [String: Cells]

    /// Checks the block's columns; one that is not as announced refuses the whole request, since its rows can't be told
    /// apart.
    init(_ block: MetricsAppend.Block) throws {
        guard (0...Self.largest).contains(block.count) else {
            throw WireError.invalidParams("columns of \(block.table): count is \(block.count), at most 1 000 000")
        }
        count = block.count
        name = block.table
        var cells: [String: Cells] = [:]
        for (name, column) in block.columns {
            do {
                cells[name] = try Self.cells(column, count: block.count)
            } catch {
                throw WireError.invalidParams("columns.\(name) of \(block.table): \(error)")
            }
        }
        self.cells = cells
    }

    private static func cells(_ column: MetricsAppend.Column, count: Int) throws -> Cells {
        switch column {
        case .strings(let column): return .texts(values: column.values, codes: try column.decodedCodes(count: count))
        case .numbers(let column):
            let (array, valid) = (column.values, try column.mask(count: count))
            if array.shape == [count] {
                if let values = array.integers() { return .integers(values, valid: valid) }
                if let values = array.doubles() { return .doubles(values, valid: valid) }
            }
            throw WireError.invalidParams(
                "expected a numeric array of shape [\(count)], got \(array.dtype.rawValue) \(array.shape)"
            )
        }
    }

    /// Adds the rows to a batch; `reject` is told what is wrong with each that is not added.
    func add(to batch: inout MetricBatch, runID: String?, reject: (_ row: Int, any Error) -> Void) {
        do {
            let table = try MetricTable(named: name)
            for (name, cells) in cells.sorted(by: { $0.key < $1.key }) {
                try Self.check(cells, fits: try table.column(name))
            }
            addRows(of: table, to: &batch, runID: runID, reject: reject)
        } catch {
            for row in 0..<count { reject(row, error) }
        }
    }

    private static func check(_ cells: Cells, fits column: MetricTable.Column) throws {
        switch (cells, column.kind) {
        case (.texts, .text), (.integers, .number), (.doubles, .number), (.integers, .integer), (.doubles, .integer):
            return
        case (.texts, _): throw WireError.invalidParams("\(column.name) must be numbers")
        case (_, .text): throw WireError.invalidParams("\(column.name) must be strings")
        }
    }

    private func addRows(
        of table: MetricTable,
        to batch: inout MetricBatch,
        runID: String?,
        reject: (_ row: Int, any Error) -> Void
    ) {
        let keys = table.columns.filter { $0.isKey && $0.kind == .text }.map { codes(of: $0.name) }
        let processes = cells["process_id"]
        // What the codes of a row's key columns stand for is looked up once for each combination.
        var known: [SIMD8<Int>: Int] = [:]
        for row in 0..<count {
            do {
                let cells = BlockRow(block: self, row: row)
                guard table != .generation else {
                    try batch.add(cells, of: table, runID: runID)
                    continue
                }
                var codes = SIMD8<Int>(repeating: -1)
                for (place, column) in keys.enumerated() { codes[place] = column?[row] ?? -1 }
                if processes != nil { codes[7] = Int(try cells.integer("process_id") ?? .min) }
                var place = known[codes]
                if place == nil {
                    place = batch.place(of: try SeriesKey(cells, of: table, runID: runID))
                    known[codes] = place
                }
                try batch.add(cells, of: table, runID: runID, series: place)
            } catch {
                reject(row, error)
            }
        }
    }

    private func codes(of column: String) -> [Int]? {
        if case .texts(_, let codes)? = cells[column] { codes } else { nil }
    }

    /// One row of a block.
    private struct BlockRow: MetricCells {
        let block: MetricBlock
        let row: Int

        func text(_ column: String) -> String? {
            guard case .texts(let values, let codes)? = block.cells[column], codes[row] < values.count else {
                return nil
            }
            return values[codes[row]]
        }

        func number(_ column: String) -> Double? {
            switch block.cells[column] {
            case .integers(let values, let valid)?: valid?[row] ?? true ? Double(values[row]) : nil
            case .doubles(let values, let valid)?: valid?[row] ?? true ? values[row] : nil
            case .texts?, nil: nil
            }
        }

        func integer(_ column: String) throws -> Int64? {
            switch block.cells[column] {
            case .integers(let values, let valid)?: return valid?[row] ?? true ? values[row] : nil
            case .doubles(let values, let valid)?:
                guard valid?[row] ?? true else { return nil }
                guard let integer = Int64(exactly: values[row]) else {
                    throw WireError.invalidParams("\(column) must be an integer")
                }
                return integer
            case .texts?, nil: return nil
            }
        }
    }
}
