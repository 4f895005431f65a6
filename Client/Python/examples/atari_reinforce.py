"""Learns Pong a little with a policy gradient in NumPy, logs everything, then reads some of it back.

    pip install ./Client/Python gymnasium ale-py numpy
    python Client/Python/examples/atari_reinforce.py --server 127.0.0.1:7411 --episodes 200
"""

import argparse
import sys

import ale_py
import gymnasium
import numpy as np

import holdfast
from holdfast.gymnasium import Recorder

ACTIONS = (0, 2, 3)  # nothing, up, down
# Of Pong's 128 bytes of memory: the players' and the ball's place, which are all that a policy needs.
MINE, THEIRS, BALL_X, BALL_Y = 51, 50, 49, 54


class Policy:
    """A linear softmax policy over a few features, with its gradient."""

    def __init__(self, features: int, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.weights = np.zeros((features, len(ACTIONS)))

    def act(self, features: np.ndarray) -> "tuple[int, np.ndarray]":
        """A choice, and the gradient of its log-probability."""
        scores = features @ self.weights
        chances = np.exp(scores - scores.max())
        chances /= chances.sum()
        choice = int(self.random.choice(len(ACTIONS), p=chances))
        return choice, np.outer(features, np.eye(len(ACTIONS))[choice] - chances)


def features_of(memory: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Places and velocities, about -1 … 1."""
    now, then = (m[[MINE, THEIRS, BALL_X, BALL_Y]].astype(float) / 128 - 1 for m in (memory, before))
    return np.concatenate([[1, now[3] - now[0]], now, 8 * (now - then)])


def play(env: gymnasium.Env, policy: Policy, seed: int, most_steps: int) -> "tuple[list[float], list[np.ndarray]]":
    """Rewards and gradients of an episode."""
    memory, _ = env.reset(seed=seed)
    before, rewards, gradients = memory, [], []
    for _ in range(most_steps):
        choice, gradient = policy.act(features_of(memory, before))
        before = memory
        memory, reward, terminated, truncated, _ = env.step(ACTIONS[choice])
        rewards.append(float(reward))
        gradients.append(gradient)
        if terminated or truncated:
            break
    return rewards, gradients


def returns_of(rewards: "list[float]", discount: float = 0.98) -> np.ndarray:
    """What each step led to: a rally ends with its point."""
    returns, total = np.zeros(len(rewards)), 0.0
    for index in reversed(range(len(rewards))):
        total = rewards[index] if rewards[index] else discount * total
        returns[index] = total
    return returns


def train(run: holdfast.Run, options: argparse.Namespace) -> None:
    gymnasium.register_envs(ale_py)
    game = gymnasium.make("ALE/Pong-v5", obs_type="ram", render_mode="rgb_array", frameskip=4)
    env = Recorder(game, run, every=options.every)
    policy = Policy(10, options.seed)
    for episode in range(options.episodes):
        generation = run.log_data_generation_start("play", round=episode)
        rewards, gradients = play(env, policy, options.seed + episode, options.steps)
        run.log_data_generation_complete(generation, samples=len(rewards))
        returns = returns_of(rewards)
        advantages = (returns - returns.mean()) / (returns.std() + 1e-6)
        step = np.tensordot(advantages, np.array(gradients), 1) / len(gradients)
        policy.weights += options.rate * step
        metrics = {"return": sum(rewards), "steps": len(rewards), "gradient": float(np.linalg.norm(step))}
        run.log(metrics, step=episode, phase="train")
    env.close()


def read_back(run: holdfast.Run) -> None:
    """What the server has of it."""
    episodes = run.episodes()
    best = int(np.argmax(episodes["total_reward"]))
    print(f"{len(episodes['steps'])} episodes recorded, the best of return {episodes['total_reward'][best]:g}")
    page = run.client.episodes.steps(episode_id=str(episodes["episode_id"][best]), arrays=["frame"], limit=16)
    print(f"its first frames: {page['frame'].dtype} {page['frame'].shape}")
    returns = run.metrics("return")["metric_value"]
    print(f"mean return of the last ten: {returns[-10:].mean():.1f}")
    try:
        batch = run.client.steps.sample(32, run_ids=[run.id], seed=1, arrays=["frame"])
        print(f"a random batch to train on: {batch['frame'].shape}")
    except holdfast.ServerError as error:
        if error.code != -32601:
            raise
        print("this server has no steps.sample")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--server", help="host:port (HOLDFAST_SERVER, or 127.0.0.1:7411)")
    parser.add_argument("--run", help="the run's name; by default one made of the time")
    parser.add_argument("--episodes", type=int, default=100)
    parser.add_argument("--steps", type=int, default=10_000, help="the most steps of an episode")
    parser.add_argument("--every", type=int, default=10, help="record every n-th episode")
    parser.add_argument("--rate", type=float, default=0.5, help="the learning rate")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    try:
        with holdfast.init(run=options.run, config=vars(options), tags=["reinforce", "pong"], server=options.server) as run:
            train(run, options)
            run.flush()
            read_back(run)
    except (holdfast.HoldfastError, holdfast.ServerError) as error:
        sys.exit(f"{parser.prog}: {error}")


if __name__ == "__main__":
    main()
