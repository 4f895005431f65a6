"""A Swift package with a thunk, which depends on the SDK and on its plugin."""

import subprocess
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent.parent

FILES = {
    "Package.swift": """
// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "analysis",
    dependencies: [.package(name: "holdfast", path: "REPOSITORY")],
    targets: [
        .target(name: "Lib"),
        .executableTarget(
            name: "Analysis",
            dependencies: ["Lib", .product(name: "Holdfast", package: "holdfast")],
            plugins: [.plugin(name: "SourceHashes", package: "holdfast")]
        ),
    ],
    swiftLanguageModes: [.v6]
)
""",
    "Sources/Lib/Lib.swift": """
public func libraryOffset(_ x: Double) -> Double { x + 1 }
""",
    "Sources/Analysis/Filter.swift": """
import Holdfast
import Lib

let gain = 2.0

struct Raw: Variable, Codable {
    var samples: [Double]
    func peak() -> Double { samples.max() ?? 0 }
}

struct Filtered: Variable, Codable { var samples: [Double] }

protocol Scaling {}
extension Scaling { func scaled(_ x: Double) -> Double { x * gain } }
struct Plain: Scaling {}

func clean(_ x: Double) -> Double { inner(x) + libraryOffset(x) }
func inner(_ x: Double) -> Double { x * 2 }
func unrelated(_ x: Double) -> Double { x }

func filter(_ signal: Raw, low: Double) -> Filtered {
    let peak = signal.peak()
    return Filtered(samples: signal.samples.map { Plain().scaled(clean($0)) + peak + low })
}
""",
    "Sources/Analysis/Command.swift": """
import Holdfast

let thunk = Thunk("filter", filter)

@main enum Command {
    static func main() async throws {
        let client = try HoldfastClient(server: CommandLine.arguments[1])
        let raw = try await client.save(Raw(samples: [1, 2]), at: ["subject": 1])
        let made = try await thunk(raw, 3.0, client: client)
        print(made.wasHit ? "hit" : "run", made.functionHash)
        try await client.save(made, at: ["subject": 1])
        await client.close()
    }
}
""",
}


class ThunkPackage:
    """The package in a folder; it is built anew for every run of its program."""

    def __init__(self, folder):
        self.folder = folder
        self.restore()

    def restore(self):
        for path in self.folder.glob("Sources/**/*.swift"):
            if str(path.relative_to(self.folder)) not in FILES:
                path.unlink()
        for name, text in FILES.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            text = text.lstrip().replace("REPOSITORY", str(REPOSITORY))
            if not path.exists() or path.read_text() != text:
                path.write_text(text)

    def edit(self, name, old, new):
        text = (self.folder / name).read_text()
        assert old in text, f"{name} has no {old!r}"
        (self.folder / name).write_text(text.replace(old, new))

    def move(self, name, other):
        (self.folder / other).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / name).rename(self.folder / other)

    def run(self, server, within=3000):
        """Builds it, and says what a new process found: "run" or "hit"."""
        build = subprocess.run(
            ["swift", "build", "--package-path", self.folder], capture_output=True, text=True, timeout=within
        )
        assert build.returncode == 0, build.stdout[-5000:] + build.stderr[-5000:]
        program = self.folder / ".build" / "debug" / "Analysis"
        address = ":".join(map(str, server.tcp))
        done = subprocess.run([program, address], capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return done.stdout.split()[0]
