import { getResourceTypes, getSearchParameters } from '@medplum/core';
import { readFileSync } from 'node:fs';

const router = new URL('./node_modules/@medplum/fhir-router/package.json', import.meta.url);

/** The CapabilityStatement: what the router and the repository do, and nothing that only Medplum's server does. */
export function statement(base) {
  return {
    resourceType: 'CapabilityStatement',
    status: 'active',
    date: new Date().toISOString(),
    kind: 'instance',
    software: { name: 'Medplum', version: JSON.parse(readFileSync(router)).version },
    implementation: { description: "Medplum's FHIR router in memory, for tests", url: base },
    fhirVersion: '4.0.1',
    format: ['json'],
    rest: [
      {
        mode: 'server',
        interaction: [{ code: 'batch' }, { code: 'transaction' }],
        resource: types().map(stated),
      },
    ],
  };
}

function types() {
  return getResourceTypes()
    .filter((type) => getSearchParameters(type))
    .sort();
}

const interactions = ['create', 'read', 'vread', 'update', 'patch', 'delete', 'history-instance', 'search-type'];

function stated(type) {
  return {
    type,
    interaction: interactions.map((code) => ({ code })),
    versioning: 'versioned-update',
    readHistory: true,
    updateCreate: true,
    conditionalCreate: true,
    conditionalUpdate: true,
    conditionalDelete: 'single',
    searchInclude: references(type).map((parameter) => `${type}:${parameter.code}`),
    searchRevInclude: types().flatMap((from) => pointing(from, type)),
    searchParam: parameters(type).map(({ code, type }) => ({ name: code, type })),
  };
}

function parameters(type) {
  return Object.values(getSearchParameters(type));
}

function references(type) {
  return parameters(type).filter((parameter) => parameter.type === 'reference');
}

function pointing(from, to) {
  return references(from)
    .filter((parameter) => parameter.target?.includes(to))
    .map((parameter) => `${from}:${parameter.code}`);
}
