"""From the list of runs to one frame of one step, all of it in the address."""

import pytest
from playwright.sync_api import Page, expect

from conftest import wait_until
from holdfast_server import Server

PIXEL = "(canvas) => Array.from(canvas.getContext('2d').getImageData(0, 0, 1, 1).data)"


@pytest.fixture
def runs(server: Server, page: Page) -> Page:
    server.log_run("alpha", tags=("atari",))
    server.log_run("beta", episodes=3, tags=("mujoco",))
    page.goto(f"{server.url}/?room=runs")
    expect(page.get_by_role("link", name="alpha")).to_be_visible()
    return page


def run_names(page: Page) -> list[str]:
    return page.locator(".runs-list tbody th a").all_inner_texts()


def open_episode(page: Page, run: str, episode: str) -> None:
    page.get_by_role("link", name=run, exact=True).click()
    page.get_by_role("link", name=episode, exact=True).click()
    expect(page.locator(".player")).to_have_attribute("data-step", "0")


def test_the_list_is_searched_and_sorted_in_the_address(runs: Page):
    runs.get_by_label("Search runs").fill("mujoco")
    expect(runs.locator(".runs-list tbody tr")).to_have_count(1)
    assert run_names(runs) == ["beta"]
    assert "q=mujoco" in runs.url
    runs.get_by_label("Search runs").fill("")
    expect(runs.locator(".runs-list tbody tr")).to_have_count(2)
    runs.get_by_role("button", name="Episodes").first.click()
    assert run_names(runs) == ["beta", "alpha"]
    runs.get_by_role("button", name="Episodes").first.click()
    assert run_names(runs) == ["alpha", "beta"]
    assert "sort=episodes" in runs.url
    runs.reload()
    expect(runs.locator(".runs-list tbody tr")).to_have_count(2)
    assert run_names(runs) == ["alpha", "beta"]


def test_a_run_shows_its_facts_its_charts_and_its_episodes(runs: Page):
    runs.get_by_role("link", name="beta").click()
    expect(runs.get_by_role("heading", name="beta")).to_be_visible()
    expect(runs.locator(".facts")).to_contain_text("finished")
    expect(runs.locator(".facts")).to_contain_text("steps 36")
    chart = runs.locator("[data-metric=loss]")
    expect(chart.locator("svg path")).to_have_count(2)
    expect(chart).to_contain_text("train 0.02 · val 0.02")
    expect(runs.locator(".episodes tbody tr")).to_have_count(3)
    runs.get_by_text("Configuration").click()
    expect(runs.locator(".config pre")).to_contain_text('"lr": 0.001')


def test_episodes_are_sorted_by_the_server(runs: Page):
    runs.get_by_role("link", name="beta").click()
    episodes = runs.locator(".episodes tbody th a")
    runs.locator(".episodes").get_by_role("button", name="Reward").click()
    expect(episodes).to_have_text(["beta-e2", "beta-e1", "beta-e0"])
    runs.locator(".episodes").get_by_role("button", name="Reward").click()
    expect(episodes).to_have_text(["beta-e0", "beta-e1", "beta-e2"])
    assert "episodes=total_reward" in runs.url


def test_an_episode_is_stepped_through_by_key(runs: Page):
    open_episode(runs, "alpha", "alpha-e1")
    canvas = runs.locator(".player canvas")
    for step in range(1, 4):
        runs.keyboard.press("ArrowRight")
        expect(runs.locator(".player")).to_have_attribute("data-step", str(step))
        assert canvas.evaluate(PIXEL)[:2] == [10 * step, 50]
    hud = {name: runs.locator(f"[data-hud={name}]") for name in ("step", "action", "reward", "return", "ended")}
    expect(hud["step"]).to_have_text("3 of 11")
    expect(hud["action"]).to_have_text("3")
    expect(hud["reward"]).to_have_text("2")
    expect(hud["return"]).to_have_text("8")
    runs.keyboard.press("End")
    expect(hud["ended"]).to_have_text("terminated")
    runs.keyboard.press("Shift+ArrowLeft")
    expect(hud["step"]).to_have_text("1 of 11")


def test_playing_runs_to_the_end(runs: Page):
    open_episode(runs, "alpha", "alpha-e0")
    for _ in range(3):
        runs.keyboard.press("]")
    runs.keyboard.press("Space")
    expect(runs.get_by_role("button", name="Stop")).to_be_visible()
    expect(runs.locator(".player")).to_have_attribute("data-step", "11")
    expect(runs.get_by_role("button", name="Play")).to_be_visible()


def test_a_step_is_in_the_address_and_back_leads_out_again(runs: Page):
    open_episode(runs, "alpha", "alpha-e1")
    for _ in range(5):
        runs.keyboard.press("ArrowRight")
    wait_until(runs, lambda: "step=5" in runs.url, "the step in the address")
    link = runs.url
    runs.reload()
    expect(runs.locator(".player")).to_have_attribute("data-step", "5")
    expect(runs.locator(".player .strip img").first).to_be_visible()
    other = runs.context.new_page()
    other.goto(link)
    expect(other.locator(".player")).to_have_attribute("data-step", "5")
    runs.go_back()
    expect(runs.locator(".player")).to_be_hidden()
    expect(runs.get_by_role("heading", name="alpha")).to_be_visible()
    runs.go_back()
    expect(runs.get_by_role("heading", name="Choose a run")).to_be_visible()


def test_the_strip_and_the_slider_move_to_a_step(runs: Page):
    open_episode(runs, "alpha", "alpha-e0")
    strip = runs.locator(".player .strip")
    expect(strip.locator("img").first).to_be_visible()
    box = strip.bounding_box()
    strip.click(position={"x": box["width"] - 2, "y": 5})
    expect(runs.locator("[data-hud=step]")).to_have_text("11 of 11")
    runs.get_by_label("Step", exact=True).fill("4")
    expect(runs.locator("[data-hud=step]")).to_have_text("4 of 11")


def test_an_empty_list_and_an_unknown_run_say_so(server: Server, page: Page):
    page.goto(f"{server.url}/?room=runs")
    expect(page.get_by_role("heading", name="No runs yet")).to_be_visible()
    page.goto(f"{server.url}/?room=runs&run=nowhere")
    expect(page.get_by_role("heading", name="Run nowhere did not come")).to_be_visible()
    server.log_run("gamma")
    expect(page.get_by_role("link", name="gamma")).to_be_visible()
