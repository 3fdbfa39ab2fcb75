/** What all elements of a room have in common: they are built once and follow the model. */

/** @typedef {import('../session/session.js').Session} Session */
/** @typedef {import('../session/model.js').Model} Model */

export class View extends HTMLElement {
  /** @type {Session} */ session = /** @type {any} */ (null);

  /** @param {Session} session */
  attach(session) {
    this.session = session;
    this.build();
    session.store.watch((model) => this.update(model));
  }

  /** Make the elements, once. */
  build() {}

  /** Show the model. @param {Model} _model */
  update(_model) {}
}
