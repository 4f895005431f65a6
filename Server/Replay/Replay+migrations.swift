extension Replay {
    static let migrations = [
        Migration(
            "replay",
            script: """
                CREATE TABLE steps (
                    episode_id TEXT NOT NULL,
                    step_index INTEGER NOT NULL,
                    action INTEGER,
                    reward REAL NOT NULL,
                    terminated INTEGER NOT NULL,
                    truncated INTEGER NOT NULL,
                    timestamp TEXT NOT NULL,
                    frame_ref TEXT,
                    obs_ref TEXT,
                    info BLOB,
                    agent_id TEXT,
                    run_id TEXT,
                    worker_id TEXT,
                    PRIMARY KEY (episode_id, step_index)
                );
                CREATE INDEX idx_steps_run_id ON steps (run_id);
                CREATE INDEX idx_steps_frame_ref ON steps (frame_ref);
                CREATE INDEX idx_steps_timestamp ON steps (timestamp);
                CREATE TABLE episodes (
                    episode_id TEXT PRIMARY KEY,
                    total_reward REAL NOT NULL,
                    steps INTEGER NOT NULL,
                    terminated INTEGER NOT NULL,
                    truncated INTEGER NOT NULL,
                    metadata BLOB,
                    timestamp TEXT NOT NULL,
                    agent_id TEXT,
                    run_id TEXT,
                    worker_id TEXT,
                    episode_index INTEGER NOT NULL,
                    first_row INTEGER NOT NULL,
                    finished_at TEXT
                );
                CREATE INDEX idx_episodes_started_at ON episodes (run_id, timestamp, episode_id);
                CREATE INDEX idx_episodes_total_reward ON episodes (run_id, total_reward, episode_id);
                CREATE INDEX idx_episodes_steps ON episodes (run_id, steps, episode_id);
                CREATE INDEX idx_episodes_all_started_at ON episodes (timestamp, episode_id);
                CREATE INDEX idx_episodes_all_total_reward ON episodes (total_reward, episode_id);
                CREATE INDEX idx_episodes_all_steps ON episodes (steps, episode_id);
                """
        ),
        // So that an episode of a run is drawn without going through all of them.
        Migration(
            "episodes by index",
            script: "CREATE INDEX idx_episodes_index ON episodes (run_id, episode_index);"
        ),
    ]
}
