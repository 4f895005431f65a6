import Holdfast
import Shapes

/// Some pictures, and the ids of their images.
struct Pictures: Variable {
    var ids: [Int64]
    /// (n, side, side)
    var pixels: ArrayValue

    func encode() throws -> VariableValue {
        var table = Table()
        try table.set("id", ids)
        try table.set("pixels", pixels)
        return table.value
    }

    static func decode(_ value: VariableValue) throws -> Pictures {
        let table = try value.table()
        return Pictures(ids: try table.array("id").integers() ?? [], pixels: try table.array("pixels"))
    }
}

/// What the classifier sees of pictures.
struct Features: Variable {
    var ids: [Int64]
    var rows: [[Double]]

    func encode() throws -> VariableValue {
        var table = Table()
        try table.set("id", ids)
        try table.set("features", try ArrayValue(rows.flatMap(\.self), shape: [rows.count, rows.first?.count ?? 0]))
        return table.value
    }

    static func decode(_ value: VariableValue) throws -> Features {
        let table = try value.table()
        let array = try table.array("features")
        let flat = array.doubles() ?? []
        let width = array.shape[1]
        return Features(
            ids: try table.array("id").integers() ?? [],
            rows: (0..<array.shape[0]).map { Array(flat[($0 * width)..<(($0 + 1) * width)]) }
        )
    }
}

/// The images that were labeled when a snapshot was made, and their labels.
struct TrainingSet: Variable {
    var ids: [Int64]
    var isDisc: [Bool]

    func encode() throws -> VariableValue {
        var table = Table()
        try table.set("id", ids)
        try table.set("is_disc", isDisc)
        return table.value
    }

    static func decode(_ value: VariableValue) throws -> TrainingSet {
        let table = try value.table()
        return TrainingSet(
            ids: try table.array("id").integers() ?? [],
            isDisc: try table.array("is_disc").booleans() ?? []
        )
    }
}

/// A trained classifier.
struct Model: Variable, Codable {
    var weights: [Double]
    var bias: Double
}

/// How sure a model is of "disc", by image.
struct Predictions: Variable {
    var ids: [Int64]
    var confidences: [Double]

    func encode() throws -> VariableValue {
        var table = Table()
        try table.set("id", ids)
        try table.set("confidence", confidences)
        return table.value
    }

    static func decode(_ value: VariableValue) throws -> Predictions {
        let table = try value.table()
        return Predictions(ids: try table.array("id").integers() ?? [], confidences: try table.doubles("confidence"))
    }
}
