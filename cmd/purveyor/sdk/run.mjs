// Signs in with the provider's own library, once as a program and once as a person, and calls the API with what it gets.
// What came of it is printed as JSON, a line each.
import { ClientSecretCredential, DeviceCodeCredential } from "@azure/identity";

const { AT, TENANT, PROGRAM, SECRET, CLIENT } = process.env;
const authority = { authorityHost: AT, disableInstanceDiscovery: true };

async function call(who, credential) {
  const token = await credential.getToken(`${AT}/.default`);
  const answer = await fetch(`${AT}/api/v1/invoices?limit=1000`, { headers: { Authorization: `Bearer ${token.token}` } });
  const body = await answer.json();
  const parties = [...new Set((body.items ?? []).flatMap((v) => [v.seller, v.buyer]))].sort();
  console.log(JSON.stringify({ who, status: answer.status, documents: body.items?.length ?? 0, parties }));
}

await call("program", new ClientSecretCredential(TENANT, PROGRAM, SECRET, authority));
await call("person", new DeviceCodeCredential({
  ...authority, tenantId: "organizations", clientId: CLIENT,
  userPromptCallback: (info) => console.error(info.message),
}));
