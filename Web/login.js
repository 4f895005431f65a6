import { login } from "./api.js";
import { safeReturn } from "./route.js";

const form = document.getElementById("login");
const token = document.getElementById("token");
const problem = document.getElementById("login-error");
const query = new URLSearchParams(location.search);

if (query.has("ended")) problem.textContent = "Your token was taken back or is no longer known, or your session ran out; sign in again.";

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  problem.textContent = "";
  try {
    if (await login(token.value.trim())) {
      localStorage.setItem("holdfast.signed-in", "1");
      location.replace(safeReturn(query.get("next")));
      return;
    }
    problem.textContent = "That token is not the server's.";
    token.select();
  } catch (error) {
    problem.textContent = error.message;
  }
});

// Until here a press would have sent the form the browser's way and lost where to go next.
document.getElementById("sign-in").disabled = false;
