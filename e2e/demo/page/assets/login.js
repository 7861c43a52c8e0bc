// The emulated panel's login: as its own page does it, by calls that pass the gate's
// issuer route, where the token is read as it passes.

const by = id => document.getElementById(id);
const asked = new URLSearchParams(location.search);
const content = await (await fetch("/demo/content")).json();

async function call(step, body) {
  const response = await fetch("/v1/api/acl/auth/" + step, {
    method: "POST", credentials: "omit", body: JSON.stringify(body),
    headers: { "Content-Type": "application/json", "Accept": "application/json" },
  });
  const reply = await response.json();
  if (!response.ok) {
    throw new Error(reply.meta?.message || "The panel answers " + response.status);
  }
  return reply.data;
}

// enter hands the token over in a form, so that it is in no address.
function enter(token) {
  const form = by("enter");
  form.elements.token.value = token;
  form.elements.to.value = asked.get("to") || "/site/";
  form.submit();
}

async function login(username) {
  by("said").textContent = "";
  by("users").hidden = true;
  try {
    const first = await call("login", { username, password: content.password });
    if (first.method === "login") {
      enter(first.token);
      return;
    }
    await call("send_sms_otp", { token: first.token });
    by("sms").textContent = content.otp;
    by("confirm").hidden = false;
    by("code").focus();
    by("confirm").onsubmit = event => {
      event.preventDefault();
      confirm(first.token);
    };
  } catch (problem) {
    by("said").textContent = problem.message;
    by("users").hidden = false;
  }
}

async function confirm(token) {
  try {
    enter((await call("confirm_otp", { token, otp: by("code").value.trim() })).token);
  } catch (problem) {
    by("said").textContent = problem.message;
  }
}

by("sara").onclick = () => login(content.smsUser);
by("navid").onclick = () => login(content.directUser);
if (asked.get("as") === "sara" || asked.get("as") === "navid") {
  login(asked.get("as") === "sara" ? content.smsUser : content.directUser);
}
