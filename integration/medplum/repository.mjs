import { DEFAULT_MAX_SEARCH_COUNT, DEFAULT_SEARCH_COUNT, formatSearchQuery, validateResource } from '@medplum/core';
import { MemoryRepository } from '@medplum/fhir-router';

/** Medplum's repository in memory, with the page sizes, the page links and the validation that its server has. */
export class Repository extends MemoryRepository {
  #base;

  constructor(base) {
    super();
    this.#base = base;
  }

  async createResource(resource, options, update) {
    validateResource(resource);
    return super.createResource(resource, options, update);
  }

  async conditionalCreate(resource, search, options) {
    validateResource(resource);
    return super.conditionalCreate(resource, search, options);
  }

  /** A transaction that fails leaves nothing behind: the server rolls PostgreSQL back, here a copy is put back. */
  async withTransaction(callback) {
    const before = [copy(this.resources), copy(this.history)];
    try {
      return await callback(this);
    } catch (error) {
      [this.resources, this.history] = before;
      throw error;
    }
  }

  async search(request) {
    const count = Math.min(request.count ?? DEFAULT_SEARCH_COUNT, DEFAULT_MAX_SEARCH_COUNT);
    const page = { ...request, count, offset: request.offset ?? 0 };
    const bundle = await super.search(page);
    return { ...bundle, link: this.#links(page, bundle.total) };
  }

  #links(page, total) {
    const link = [{ relation: 'self', url: this.#url(page) }];
    if (page.count > 0 && page.offset + page.count < total) {
      link.push({ relation: 'next', url: this.#url({ ...page, offset: page.offset + page.count }) });
    }
    return link;
  }

  #url(page) {
    return `${this.#base}/${page.resourceType}${formatSearchQuery(page)}`;
  }
}

/** Copies what holds the resources; these themselves are never changed in place. */
function copy(held) {
  if (held instanceof Map) {
    return new Map([...held].map(([key, value]) => [key, copy(value)]));
  }
  return Array.isArray(held) ? [...held] : held;
}
