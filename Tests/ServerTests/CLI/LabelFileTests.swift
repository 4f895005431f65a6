import Foundation
import Testing

@testable import Server

struct LabelFileTests {
    private func read(
        _ text: String,
        as name: String,
        encoding: String.Encoding = .utf8,
        labels: Set<String> = ["tool", "view"]
    ) throws -> [LabelFile.Row] {
        let directory = try TemporaryDirectory()
        let path = directory.file(name)
        try #require(text.data(using: encoding)).write(to: URL(fileURLWithPath: path))
        var (file, rows) = (try LabelFile(path), [LabelFile.Row]())
        file.labels = labels
        while case let batch = try file.next(1), !batch.isEmpty { rows += batch }
        return rows
    }

    @Test func csvHasAColumnForEachLabel() throws {
        let text = """
            filename,study_id,frame_number,has_tool,view,split,confidence_tool,note\r
            "a, ""b"".png",s1,3,1,0,train,0.5,fine
            "two
            lines",,,0,,,,\u{20}
            """
        let rows = try read("\u{FEFF}" + text + "\n", as: "labels.csv")
        #expect(
            rows == [
                .init(filename: "a, \"b\".png", studyID: "s1", frameNumber: 3, labels: ["tool": 1, "view": 0]),
                .init(filename: "two\nlines", labels: ["tool": 0]),
            ]
        )
    }

    @Test func jsonLinesMayBeSparse() throws {
        let text = """
            {"filename":"a","has_tool":1,"split":"val","labeled_at":"2026-01-01T00:00:00.000000Z"}
            {"filename":"ü","view":false,"study_id":"s"}

            """
        let rows = try read(text, as: "labels.jsonl")
        #expect(
            rows == [
                .init(filename: "a", labels: ["tool": 1]), .init(filename: "ü", studyID: "s", labels: ["view": 0]),
            ]
        )
    }

    @Test func anAnnotationOfCOCOWithoutAValueIsAYes() throws {
        let text = """
            {"images":[{"id":7,"file_name":"a"},{"id":9,"file_name":"b","study_id":"s"}],
            "categories":[{"id":1,"name":"tool"},{"id":2,"name":"view"}],
            "annotations":[{"image_id":9,"category_id":2},{"image_id":7,"category_id":1,"value":0}]}
            """
        let rows = try read(text, as: "labels.json")
        #expect(
            rows == [
                .init(filename: "a", labels: ["tool": 0]), .init(filename: "b", studyID: "s", labels: ["view": 1]),
            ]
        )
    }

    @Test(arguments: [
        ("labels.csv", "filename,tool\na,2\n"), ("labels.jsonl", "{\"filename\":\"a\",\"tool\":0.5}\n"),
        ("labels.jsonl", "{\"filename\":\"a\",\"tool\":\"yes\"}\n"),
    ])
    func aColumnNamedAsALabelThatThereIsHoldsNothingElse(name: String, text: String) throws {
        let failure = #expect(throws: CommandFailure.self) { try read(text, as: name) }
        #expect(failure?.message.contains(": tool is") == true, "\(failure?.message ?? "")")
    }

    @Test(arguments: [
        ("labels.csv", "filename,has_tol,viw\na,1,0\n"),
        ("labels.jsonl", "{\"filename\":\"a\",\"has_tol\":0,\"viw\":1}\n"),
        (
            "labels.json",
            """
            {"images":[],"categories":[{"id":1,"name":"tol"},{"id":2,"name":"viw"}],"annotations":[]}
            """
        ),
    ])
    func aFileWithNoneOfTheServersLabelsIsRefused(name: String, text: String) throws {
        let failure = #expect(throws: CommandFailure.self) { try read(text, as: name) }
        #expect(failure?.message.hasSuffix("has none of the server's labels, tool, view, but tol, viw") == true)
    }

    @Test func namesInAnotherEncodingAreNotTakenForOthers() throws {
        let failure = #expect(throws: CommandFailure.self) {
            try read("filename,has_tool\nq\u{E9}.png,1\n", as: "labels.csv", encoding: .isoLatin1)
        }
        #expect(failure?.message.contains("labels.csv is not in UTF-8; convert it") == true)
    }

    @Test(arguments: [
        ("labels.csv", "name,has_tool\na,1\n", "filename"), ("labels.csv", "filename,has_tool\na\n", "line 2"),
        ("labels.csv", "filename,has_tool\na,maybe\n", "has_tool"), ("labels.csv", "filename\n\"a\n", "quoted"),
        ("labels.jsonl", "{\"has_tool\":1}\n", "line 1"), ("labels.csv", "", "filename"),
        ("labels.jsonl", "{\"filename\":\"a\"}\n\n{\n", "line 3 is not what it should be"),
        // Joined by a comma, these would be JSON, and as many objects as lines.
        ("labels.jsonl", "{\"filename\":\"a\",\"x\":[1\n2]}\n{\"filename\":\"b\"},{\"filename\":\"c\"}\n", "line 1"),
        ("labels.jsonl", "{\"filename\":\"a\",\"x\":\"\n\"}\n{\"filename\":\"b\"},{\"filename\":\"c\"}\n", "line 1"),
        ("labels.jsonl", "{\"filename\":\"a\"},\n", "line 1"),
        (
            "labels.json", "{\"images\":[],\"categories\":[],\"annotations\":[{\"image_id\":1,\"category_id\":1}]}",
            "image 1"
        ),
        ("labels.csv", "filename;has_tool\na;1\n", "(that is: filename;has_tool); fields are separated by commas"),
        ("labels.csv", "filename,has_tool,has_tool\na,1,0\n", "the column has_tool twice"),
        ("labels.csv", "filename,has_tool,tool\na,1,0\n", "line 2: tool is 0 in one column and 1 in another"),
        ("labels.jsonl", "{\"filename\":\"a\",\"has_tool\":0,\"tool\":1}\n", "line 1: tool is 0 in one column"),
        ("labels.csv", "filename,has_tool,frame_number\na,1,x\n", "line 2: frame_number is \"x\""),
        ("labels.json", "[]", "labels.json is not as COCO has it: it must be an object"),
        (
            "labels.json", "{\"images\":[{}],\"categories\":[],\"annotations\":[]}",
            "COCO has it: images[0].id is missing"
        ),
        ("labels.jsonl", "7\n", "line 1 is not what it should be: it must be an object"),
        ("labels.txt", "", "neither"),
    ])
    func whatIsWrongIsSaid(name: String, text: String, part: String) throws {
        let failure = #expect(throws: CommandFailure.self) { try read(text, as: name) }
        #expect(failure?.message.contains(part) == true, "\(failure?.message ?? "")")
    }
}
