// Walks through the sign-in pages in Chromium. Everything it needs is in the environment variable WORLD.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { AxeBuilder } from "@axe-core/playwright";

const world = JSON.parse(process.env.WORLD);
const complaints = [];
const counted = { pages: 0, axe_rules_passed: 0, axe_serious: 0, axe_minor: 0, screenshots: 0, script_errors: 0, without_script: 0, passkeys: 0 };

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
  args: [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", `--ignore-certificate-errors-spki-list=${world.spki}`,
  ],
});

const open = async (options = {}) => {
  const context = await browser.newContext({ viewport: { width: 900, height: 760 }, reducedMotion: "reduce", ...options });
  context.setDefaultTimeout(15000);
  const page = await context.newPage();
  const complain = (text) => { counted.script_errors++; complaints.push(`${page.url()}: ${text}`); };
  page.on("pageerror", (e) => complain(e.message));
  page.on("console", (m) => { if (m.type() === "error" && !/status of 4\d\d/.test(m.text())) complain(m.text()); });
  return page;
};

// look asks axe of a page and takes its picture, in light and in dark, wide and narrow.
const look = async (page, name) => {
  counted.pages++;
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width: 900, height: 760 });
    const found = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]).analyze();
    counted.axe_rules_passed += found.passes.length;
    for (const v of found.violations) {
      const serious = v.impact === "serious" || v.impact === "critical";
      counted[serious ? "axe_serious" : "axe_minor"]++;
      complaints.push(`${name} ${colorScheme}: ${v.impact} ${v.id}: ${v.nodes.map((n) => n.html).join(" | ")}`);
    }
    await page.screenshot({ path: join(world.pages, `${name}-${colorScheme}.png`), fullPage: true });
    counted.screenshots++;
  }
  await page.setViewportSize({ width: 360, height: 740 });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
  assert(!wide, `${name} does not fit a narrow screen`);
  await page.screenshot({ path: join(world.pages, `${name}-narrow.png`), fullPage: true });
  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize({ width: 900, height: 760 });
};

const title = (page, text) => page.locator("h1", { hasText: text }).waitFor();
const press = (page, name) => page.getByRole("button", { name, exact: true }).click();

// code is what an authenticator app shows so many steps of thirty seconds from now.
const code = (secret, ahead) => {
  const bits = [...secret].map((c) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(c).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((b) => parseInt(b, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30000) + ahead));
  const sum = createHmac("sha1", key).update(step).digest();
  return String((sum.readUInt32BE(sum[19] & 15) & 0x7fffffff) % 1000000).padStart(6, "0");
};

const authenticator = async (page, verified = true) => {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send("WebAuthn.enable");
  const { authenticatorId } = await cdp.send("WebAuthn.addVirtualAuthenticator", {
    options: { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: verified, automaticPresenceSimulation: true },
  });
  return { verify: (on) => cdp.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: on }) };
};

// The first person: set up, authenticator app, recovery codes, account.
const page = await open();
const mine = await authenticator(page);
await page.goto(`${world.base}/login/setup?ticket=${world.first}`);
await title(page, /Set up/);
await look(page, "setup");
await page.getByLabel("Your name").fill("Maria Fontaine");
await page.getByLabel("Mail address").fill("maria@contoso.example");
await page.getByLabel("Choose a password").fill(world.password);
await page.getByLabel("The password again").fill("something else entirely");
await press(page, "Go on");
await page.getByRole("alert").waitFor();
await look(page, "setup-wrong");
await page.getByLabel("Choose a password").fill(world.password);
await page.getByLabel("The password again").fill(world.password);
await press(page, "Go on");
await title(page, /second factor/);
await page.getByText("It cannot be scanned").click();
const secret = await page.locator("code.secret").innerText();
await look(page, "enrol");
await page.getByLabel("Code the app shows").fill(code(secret, -1));
await press(page, "Add the app");
await title(page, /Recovery codes/);
const codes = await page.locator(".codes code").allInnerTexts();
assert.equal(codes.length, 10);
await look(page, "codes");
await press(page, "I have kept them");
await title(page, /Your account/);
const cookies = await page.context().cookies();
assert(cookies.length > 0 && cookies.every((c) => c.name.startsWith("__Host-") && c.secure && c.httpOnly && c.sameSite === "Lax"), "cookies lack what they should have");

// A passkey is added, and signs in.
await page.getByLabel("A new passkey").fill("Laptop");
await press(page, "Add a passkey");
await page.getByText("The passkey was added.").waitFor();
await page.getByText("Laptop").waitFor();
counted.passkeys++;
await look(page, "account");
await press(page, "Sign out here");
await page.getByText("You are signed out in this browser.").waitFor();
await look(page, "done");
await page.goto(`${world.base}/login`);
await look(page, "signin");
await press(page, "Sign in with a passkey");
await page.getByText("Laptop").waitFor();
await page.getByText(/last used .*\n?/).first().waitFor();
counted.passkeys++;

// One that its holder did not unlock proves nothing.
await page.goto(`${world.base}/login?again=1`);
await mine.verify(false);
await press(page, "Sign in with a passkey");
await page.locator("[data-passkey] [role=alert]").waitFor();
await look(page, "signin-passkey-refused");
await mine.verify(true);

// A device.
const request = await page.request.post(`${world.base}/common/oauth2/v2.0/devicecode`, { form: { client_id: world.client, scope: "openid offline_access" }, ignoreHTTPSErrors: true });
const asked = await request.json();
await page.goto(asked.verification_uri);
await look(page, "device");
await page.getByLabel("Code the device shows").fill("bcdf-ghjk");
await press(page, "Next");
await page.getByRole("alert").waitFor();
await look(page, "device-unknown");
await page.getByLabel("Code the device shows").fill(asked.user_code.toLowerCase());
await press(page, "Next");
await title(page, /Is this you/);
await look(page, "device-confirm");
await press(page, "Yes, sign it in");
await page.getByText("The device is signed in.").waitFor();
const redeem = await page.request.post(`${world.base}/common/oauth2/v2.0/token`, {
  form: { client_id: world.client, grant_type: "urn:ietf:params:oauth:grant-type:device_code", device_code: asked.device_code }, ignoreHTTPSErrors: true,
});
assert((await redeem.json()).access_token, "the device got no token");

// A program asks to act for her. The form leads to it, which the policy of the page must allow.
await page.goto(world.consent);
await title(page, /act for you/);
await look(page, "consent");
await press(page, "Allow");
await page.getByText("back with a code").waitFor();

// The account, with more in it; replacing the app; signing out.
await page.goto(`${world.base}/login/account`);
await look(page, "account-full");
await press(page, "Replace");
await title(page, /Authenticator app/);
await look(page, "app");
await page.goto(`${world.base}/common/oauth2/v2.0/logout`);
await title(page, /Sign out/);
await look(page, "logout");
await page.goto(`${world.base}/login/setup?ticket=${world.first}`);
await look(page, "problem");

// An invited person of a reseller has a passkey for second factor, and nothing else.
const ines = await open();
await authenticator(ines);
await ines.goto(`${world.base}/login/setup?ticket=${world.reseller}`);
await look(ines, "invited");
await ines.getByLabel("Choose a password").fill(world.password);
await ines.getByLabel("The password again").fill(world.password);
await press(ines, "Go on");
await title(ines, /second factor/);
await ines.getByRole("button", { name: "Add a passkey" }).click();
await title(ines, /Your account/);
counted.passkeys++;
await press(ines, "Sign out everywhere");
await ines.goto(`${world.base}/login`);
await ines.getByLabel("Mail address").fill("ines@nordwind.example");
await press(ines, "Next");
await look(ines, "password");
await ines.getByLabel("Password").fill("not the password");
await press(ines, "Sign in");
await ines.getByRole("alert").first().waitFor();
await look(ines, "password-wrong");
await ines.getByLabel("Password").fill(world.password);
await press(ines, "Sign in");
await title(ines, /Second step/);
await press(ines, "Sign in with a passkey");
await title(ines, /Your account/);
counted.passkeys++;
await ines.goto(`${world.base}/login?again=1`);
await ines.getByLabel("Mail address").fill("somebody@abroad.example");
await press(ines, "Next");
await title(ines, /at your organisation/);
await look(ines, "elsewhere");

// Without JavaScript: password, authenticator app, account, set-up of a customer's person.
const plain = await open({ javaScriptEnabled: false });
await plain.goto(`${world.base}/login`);
assert.equal(await plain.getByRole("button").count(), 1, "a page without script offers what needs one");
await plain.getByLabel("Mail address").fill("maria@contoso.example");
await press(plain, "Next");
await plain.getByLabel("Password").fill(world.password);
await press(plain, "Sign in");
await title(plain, /Second step/);
await plain.getByLabel(/Code from/).fill(code(secret, 0));
await press(plain, "Go on");
await title(plain, /Your account/);
counted.without_script++;
const kim = await open({ javaScriptEnabled: false });
await kim.goto(`${world.base}/login/setup?ticket=${world.customer}`);
await kim.getByLabel("Choose a password").fill(world.password);
await kim.getByLabel("The password again").fill(world.password);
await press(kim, "Go on");
await title(kim, /Your account/);
counted.without_script++;

// The same without script answers the link of an invitation.
await kim.goto(world.unwanted);
await title(kim, /Nordwind B.V. asks for access/);
await press(kim, "Decline");
await title(kim, /Declined/);
counted.without_script++;
const second = await open();
await second.goto(`${world.base}/login`);
await second.getByLabel("Mail address").fill("maria@contoso.example");
await press(second, "Next");
await second.getByLabel("Password").fill(world.password);
await press(second, "Sign in");
await title(second, /Second step/);
await look(second, "second");
await second.getByLabel(/Code from/).fill(codes[0]);
await press(second, "Go on");
await title(second, /Your account/);

// With the keyboard alone.
const keys = await open();
await keys.goto(`${world.base}/login`);
await keys.keyboard.type("kim@fabrikam.example");
await keys.keyboard.press("Enter");
await title(keys, /password/);
await keys.keyboard.type(world.password);
await keys.keyboard.press("Enter");
await title(keys, /Your account/);

// An invitation: by link, by way of the sign-in, by the keyboard.
await keys.context().clearCookies();
await keys.goto(world.asked);
await title(keys, /Sign in/);
await keys.keyboard.type("kim@fabrikam.example");
await keys.keyboard.press("Enter");
await title(keys, /password/);
await keys.keyboard.type(world.password);
await keys.keyboard.press("Enter");
await title(keys, /asks for access/);
await look(keys, "invitation");
await keys.getByRole("button", { name: "Approve" }).focus();
await keys.keyboard.press("Enter");
await title(keys, /was approved/);
await look(keys, "invitation-approved");
await plain.goto(world.asked);
await title(plain, /Nothing to answer here/);
await second.goto(world.asked);
await look(second, "uninvited");

await browser.close();
console.log(JSON.stringify(counted));
for (const c of complaints) console.log("  " + c);
assert.equal(counted.axe_serious, 0);
assert.equal(counted.script_errors, 0);
assert(counted.pages >= 20 && counted.axe_rules_passed > 200 && counted.passkeys === 4 && counted.without_script === 3, "something was not tried");
