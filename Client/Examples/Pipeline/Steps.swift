import Holdfast
import Shapes

/// What the pipeline's steps compute: of their arguments alone.
enum Steps {
    static func extractFeatures(of pictures: Pictures) -> Features {
        let size = Picture.side * Picture.side
        let pixels = pictures.pixels.elements(of: UInt8.self) ?? []
        let rows = pictures.ids.indices.map { place in
            Classifier.features(of: Array(pixels[(place * size)..<((place + 1) * size)]), side: Picture.side)
        }
        return Features(ids: pictures.ids, rows: rows)
    }

    static func trainModel(on features: [Features], labels: TrainingSet) -> Model {
        let pairs = features.flatMap { zip($0.ids, $0.rows) }
        let rows = Dictionary(pairs, uniquingKeysWith: { $1 })
        let samples = zip(labels.ids, labels.isDisc).compactMap { id, isDisc in
            rows[id].map { Classifier.Sample(id: id, features: $0, isPositive: isDisc) }
        }
        let trained = Classifier(training: samples)
        return Model(weights: trained.weights, bias: trained.bias)
    }

    static func predict(by model: Model, of features: Features) -> Predictions {
        let classifier = Classifier(weights: model.weights, bias: model.bias)
        return Predictions(ids: features.ids, confidences: features.rows.map { classifier.confidence($0) })
    }
}
