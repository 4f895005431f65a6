import NIOCore
import Testing

@testable import Wire

/// What writes its own JSON writes what the general encoder would.
@Suite struct JSONWriterTests {
    private static let texts = [
        "", "a", "h5://run/frames/7", "a \"quoted\" \\ path/", "\u{0}\u{1}\u{8}\t\n\u{b}\u{c}\r\u{1f}\u{7f}",
        "é 😀 \u{2028}",
    ]
    private static let numbers = [
        0, -0.0, 1, -1, 0.1, 1e9 + 0.25, 1_700_000_000.123456, 1e15, 1e16, 1e17, 1e300, .leastNonzeroMagnitude, .pi,
        .nan, .infinity,
        -.infinity,
    ]

    private func step(_ text: String, _ number: Double, isBare: Bool) -> StoredStep {
        StoredStep(
            episodeID: text,
            runID: isBare ? nil : text,
            stepIndex: .max,
            action: isBare ? nil : -3,
            reward: number,
            terminated: isBare,
            truncated: !isBare,
            timestamp: number,
            frameRef: isBare ? nil : text,
            obsRef: isBare ? nil : text,
            info: isBare ? nil : ["lives": 3, "note": .string(text)],
            agentID: isBare ? nil : text,
            workerID: isBare ? nil : text
        )
    }

    private func expectTheSame(_ value: some JSONWritable) throws {
        let (one, other) = (AttachmentSink(), AttachmentSink())
        let written = try JSONCoding.encode(value, sink: one)
        #expect(String(buffer: written) == String(buffer: try JSONCoding.encodeGenerally(value, sink: other)))
        #expect(one.attachments == other.attachments)
    }

    @Test(arguments: texts, numbers)
    func stepsOfAnEpisode(text: String, number: Double) throws {
        let steps = [step(text, number, isBare: false), step(text, number, isBare: true)]
        try expectTheSame(EpisodesSteps.Result(steps: steps, frame: nil, observation: nil, cursor: nil))
    }

    @Test func stepsWithArraysAndWithout() throws {
        let frame = try ArrayValue(dtype: .uint8, shape: [2, 2], bytes: ByteBuffer(bytes: [1, 2, 3, 4]))
        let observation = try ArrayValue(dtype: .uint8, shape: [1, 1], bytes: ByteBuffer(bytes: [9]))
        var episode = EpisodesSteps.Result(
            steps: [],
            frame: frame,
            observation: .arrays(["a": observation, "b": frame]),
            cursor: "next"
        )
        episode.observationRows = ["a": [1]]
        episode.action = frame
        try expectTheSame(episode)
        var sample = StepsSample.Result(steps: [step("e", 0.5, isBare: false)])
        try expectTheSame(sample)
        sample.frame = frame
        sample.observation = .array(observation)
        sample.observationRows = ["a": [0]]
        sample.action = observation
        try expectTheSame(sample)
    }

    @Test func columnsOfAnImport() throws {
        try expectTheSame(LabelsImport(filenames: [], labels: [:]))
        let columns: [String: [Int?]] = [
            "mag_view": Self.texts.map { _ in nil }, "a \"quoted\" name": Self.texts.indices.map { $0 % 2 },
        ]
        try expectTheSame(
            LabelsImport(
                filenames: Self.texts,
                studyIDs: Self.texts.map { $0.isEmpty ? nil : $0 },
                frameNumbers: [.min, .max, 0, nil, -1, 7],
                labels: columns,
                annotator: "ann"
            )
        )
    }
}
