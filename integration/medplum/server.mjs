// Medplum's own FHIR router and in-memory repository behind HTTP, for tests. What is Medplum's is used as it is; what these
// files add is what Medplum's server adds around them.
import { createServer } from 'node:http';
import { parseArgs } from 'node:util';
import { allOk, getStatus, isCreated, normalizeOperationOutcome } from '@medplum/core';
import { FhirRouter } from '@medplum/fhir-router';
import { statement } from './capabilities.mjs';
import { loadDefinitions } from './definitions.mjs';
import { Repository } from './repository.mjs';

const { values: options } = parseArgs({
  options: { port: { type: 'string', default: '8080' }, 'die-with-parent': { type: 'boolean', default: false } },
});
if (options['die-with-parent']) {
  process.stdin.on('end', () => process.exit(0)).resume(); // the parent holds it open; its end means that it is gone
}

const path = '/fhir';
const base = `http://127.0.0.1:${options.port}${path}`;

loadDefinitions();
const router = new FhirRouter();
const repository = new Repository(base);
const capabilities = statement(base);

let turn = Promise.resolve(); // one request at a time, so that nobody sees half of a transaction

createServer(async (request, response) => {
  const body = await read(request).catch(() => undefined);
  if (body === undefined) {
    return; // the client is gone
  }
  turn = turn
    .then(() => answer(request, body))
    .catch((error) => [normalizeOperationOutcome(error)])
    .then(([outcome, resource]) => send(response, outcome, resource));
}).listen(Number(options.port), '127.0.0.1');

async function read(request) {
  const parts = [];
  for await (const part of request) {
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
}

async function answer(request, body) {
  const url = request.url.slice(path.length).replace(/^\//, '');
  if (url.split('?')[0] === 'metadata') {
    return [allOk, capabilities];
  }
  const asked = {
    method: request.method,
    url,
    pathname: '',
    params: {},
    query: {},
    body: parse(request, body),
    headers: request.headers,
    config: { transactions: true }, // a setting of each Medplum project
  };
  return router.handleRequest(asked, repository);
}

function parse(request, body) {
  if (!body) {
    return undefined;
  }
  if (request.headers['content-type']?.startsWith('application/x-www-form-urlencoded')) {
    return Object.fromEntries(new URLSearchParams(body));
  }
  return JSON.parse(body);
}

function send(response, outcome, resource) {
  const body = resource ?? outcome;
  response.statusCode = getStatus(outcome);
  response.setHeader('Content-Type', 'application/fhir+json; charset=utf-8');
  if (body.meta?.versionId) {
    response.setHeader('ETag', `W/"${body.meta.versionId}"`);
  }
  if (body.meta?.lastUpdated) {
    response.setHeader('Last-Modified', new Date(body.meta.lastUpdated).toUTCString());
  }
  if (isCreated(outcome)) {
    response.setHeader('Location', `${base}/${body.resourceType}/${body.id}`);
  }
  response.end(JSON.stringify(body));
}
