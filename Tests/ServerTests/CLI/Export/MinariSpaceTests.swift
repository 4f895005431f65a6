import Holdfast
import Testing

@testable import Server

struct MinariSpaceTests {
    @Test func spacesAreSpelledAsMinariDoes() {
        let floats = MinariSpace.box(.float32, shape: [2])
        #expect(
            floats.text == "{\"type\": \"Box\", \"dtype\": \"float32\", \"shape\": [2], "
                + "\"low\": [-Infinity, -Infinity], \"high\": [Infinity, Infinity]}"
        )
        let bytes = MinariSpace.box(.uint8, shape: [1, 2])
        #expect(bytes.text.hasSuffix("\"shape\": [1, 2], \"low\": [[0, 0]], \"high\": [[255, 255]]}"))
        #expect(MinariSpace.box(.float64, shape: []).text.hasSuffix("\"low\": -Infinity, \"high\": Infinity}"))
        let integers = MinariSpace.discrete(-1, count: 4)
        #expect(integers.text == "{\"type\": \"Discrete\", \"dtype\": \"int64\", \"start\": -1, \"n\": 4}")
        let both = MinariSpace.dictionary(["b": integers, "a": floats])
        let members = "\"a\": \(floats.text), \"b\": \(integers.text)"
        #expect(both.text == "{\"type\": \"Dict\", \"subspaces\": {\(members)}}")
    }

    @Test func theActionSpaceHoldsWhatOccurred() throws {
        let frames = MinariLayout.Entry(dtype: .uint8, shape: [4, 4])
        let layout = try #require(MinariLayout(observations: [:], frames: frames, actions: nil))
        #expect(layout.observesFrames && layout.frames == nil)
        #expect(layout.observationSpace == .box(.uint8, shape: [4, 4]))
        #expect(layout.actionSpace(0...5) == .discrete(0, count: 6))
        #expect(MinariLayout(observations: [:], frames: nil, actions: nil) == nil)
    }

    @Test func observationsByNameAreADictionary() throws {
        let entry = MinariLayout.Entry(dtype: .float32, shape: [3])
        let named = ["observations.a": entry, "observations.b.c": entry]
        let layout = try #require(MinariLayout(observations: named, frames: nil, actions: entry))
        #expect(Set(layout.observations.keys) == ["observations/a", "observations/b.c"])
        let box = MinariSpace.box(.float32, shape: [3])
        #expect(layout.observationSpace == .dictionary(["a": box, "b.c": box]))
        #expect(layout.actionSpace(0...0) == box)
    }

    @Test func fileNamesOfEpisodesDiffer() {
        let names = ArraysExport.names(["run/0", "run_0", "RUN_0", ".x", "\u{FC}/\u{1F600}"])
        #expect(names == ["run_0", "run_0-2", "RUN_0-3", "_.x", "___"])
    }
}
