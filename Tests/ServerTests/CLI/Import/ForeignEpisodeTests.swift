import Testing

@testable import Server

struct ForeignEpisodeTests {
    @Test(
        arguments: [
            ([], []), ([[true]], [0..<1]), ([[false], [], [false]], [0..<2]),
            ([[false, true, true], [false]], [0..<2, 2..<3, 3..<4]),
            ([[true, false], [true]], [0..<1, 1..<3]),
        ] as [([[Bool]], [Range<Int>])]
    )
    func episodesEndAtTheFlags(pieces: [[Bool]], ranges: [Range<Int>]) {
        var split = EpisodeSplit()
        for ends in pieces { split.add(ends) }
        #expect(split.ranges() == ranges)
    }

    @Test(arguments: [
        (["episode_0/rewards", "episode_0/actions"], EpisodeFormat.minari),
        (["data/demo_1/actions", "data/demo_1/obs/x", "mask/train"], .robomimic),
        (["actions", "observations", "rewards", "terminals"], .d4rl), (["actions", "rewards", "dones"], nil),
        (["frames"], nil), (["data/episode_0/rewards"], nil),
    ])
    func theDatasetsTellTheFormat(datasets: [String], format: EpisodeFormat?) {
        #expect(EpisodeFormat(datasets: datasets) == format)
    }

    @Test func groupsAreInTheOrderOfTheirNumbers() {
        let names = ["episode_10/actions", "episode_2/actions", "episode_2/rewards", "episode_x/actions", "episode_3"]
        #expect(EpisodeFormat.minari.groups(of: names) == ["episode_2", "episode_10"])
        #expect(EpisodeFormat.robomimic.groups(of: ["data/demo_7/obs/x", "data/other"]) == ["data/demo_7"])
        #expect(EpisodeFormat.d4rl.groups(of: ["actions"]) == [""])
    }
}
