// The platform's own SDK against a sandbox: what its users would do with people and roles, each answer asserted.
//
//     node proof.cjs URL KEY SESSION_TOKEN
//
// The SDK has a service for roles. For people, and for deleting a role, it ships documents but no service, so those
// documents are sent with its client, unchanged. Prints the names of the documents that were proved, one a line.
'use strict';

const assert = require('node:assert/strict');
const path = require('node:path');
const sdk = require('@propeller-commerce/propeller-sdk-v2');

const [, , endpoint, apiKey, token] = process.argv;
const folder = path.join(path.dirname(require.resolve('@propeller-commerce/propeller-sdk-v2')), 'generated', 'operations');
const proved = new Set();

function connect(settings) {
  return sdk.createClient({ endpoint, securityMode: 'direct', throwOnPartialErrors: true, ...settings });
}

const client = connect({ apiKey });
const roles = sdk.roleService(client);

async function send(name, variables = {}, as = client) {
  const { document } = require(path.join(folder, name));
  const data = await as.query(document, variables, name);
  proved.add(name);
  return data[name];
}

async function noted(name, answer) {
  const value = await answer;
  proved.add(name);
  return value;
}

async function refused(answer, code) {
  await assert.rejects(answer, (error) => {
    assert.ok(error instanceof sdk.GraphQLOperationError, String(error));
    assert.equal(error.errors[0].extensions.code, code);
    return true;
  });
}

async function people() {
  const email = 'sdk.person@example.com';
  const before = await send('adminUsers', { input: { page: 1, offset: 100 } });
  const made = await send('adminUserCreate', { input: { email, firstName: 'Sdk', gender: 'F', language: 'EN' } });
  assert.equal(typeof made.id, 'string');
  assert.deepEqual([made.email, made.firstName, made.gender, made.language], [email, 'Sdk', 'F', 'EN']);
  assert.equal(new Date(made.createdAt).toISOString(), made.createdAt);
  assert.deepEqual([made.ticketsAssigned, made.tenants.itemsFound], [[], 0]);
  await refused(send('adminUserCreate', { input: { email } }), 'BAD_REQUEST');

  const after = await send('adminUsers', { input: { page: 1, offset: 100 } });
  assert.equal(after.itemsFound, before.itemsFound + 1);
  assert.ok(after.items.some((item) => item.id === made.id && item.email === email));

  const changed = await send('adminUserUpdate', { email, input: { phone: '+31 20 555 0100' } });
  assert.deepEqual([changed.phone, changed.firstName, changed.language], ['+31 20 555 0100', 'Sdk', 'NL']);
  assert.deepEqual(await send('adminUser', { email }), changed);
  return made;
}

async function rolesOf(person) {
  const userId = Number(person.id);
  const known = await noted('roleDefinitions', roles.getRoleDefinitions({ names: ['order'] }));
  assert.deepEqual([known.itemsFound, known.items[0].name, known.items[0].defaultAccess], [1, 'order', 'NONE']);
  const roleDefinitionId = known.items[0].id;
  const definition = await noted('roleDefinition', roles.getRoleDefinition(roleDefinitionId));
  assert.deepEqual(definition, known.items[0]);

  const made = await noted('roleCreate', roles.createRole({ roleDefinitionId, access: 'VIEWER', userId }));
  assert.deepEqual([made.userId, made.access, made.roleDefinition.name], [userId, 'VIEWER', 'order']);
  await refused(roles.createRole({ roleDefinitionId, access: 'OWNER', userId }), 'ROLE_ALREADY_EXISTS_ERROR');

  const raised = await noted('roleUpdate', roles.updateRole({ id: made.id, input: { access: 'OWNER' } }));
  assert.equal(raised.access, 'OWNER');
  assert.deepEqual(await noted('role', roles.getRole(made.id)), raised);
  const listed = await noted('roles', roles.getRoles({ userIds: [userId] }));
  assert.deepEqual([listed.itemsFound, listed.offset, listed.items], [1, 12, [raised]]);

  assert.equal(await send('roleDelete', { id: made.id }), true);
  await refused(roles.getRole(made.id), 'ROLE_NOT_FOUND_ERROR');
  assert.equal((await roles.getRoles({ userIds: [userId] })).itemsFound, 0);
}

async function viewers() {
  assert.equal(await client.query('{ adminUserViewer { id } }').then((data) => data.adminUserViewer), null);
  const headers = { Authorization: `Bearer ${token}` };
  assert.equal((await send('adminUserViewer', {}, connect({ apiKey, headers }))).email, 'break-glass@example.com');
  await refused(connect({ apiKey: 'wrong' }).query('{ adminUsers { pages } }'), 'UNAUTHENTICATED');
  await assert.rejects(client.query('{ nothing }'), /HTTP 400/);
}

async function main() {
  const person = await people();
  await rolesOf(person);
  const invitation = { email: person.email, redirectUrl: 'https://hub.example.com/', language: 'EN' };
  assert.equal(typeof (await send('triggerPasswordSendInitEmailEvent', { input: invitation })), 'string');
  await viewers();
  assert.equal(await send('adminUserDelete', { email: person.email }), true);
  await refused(send('adminUser', { email: person.email }), 'NOT_FOUND');
  console.log([...proved].sort().join('\n'));
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
