/** Makes a room. A place is turned into a rough square here, before anything is sent. */
import '../lib/words-lobby.js';
import '../lib/words-refused.js';
import { h, say } from '../lib/dom.js';
import { has, language, refusal, t } from '../lib/text.js';
import { geohash } from '../lib/geohash.js';
import { nearestCity } from '../lib/places.js';
import { offer } from '../wire/games.js';
import { LETTERS, openRoom } from '../wire/rooms.js';

/** @typedef {import('../wire/games.js').Kind} Kind */

export class RoomForm extends HTMLElement {
  #place = '';
  /** @type {Kind[]} */ #kinds = [];

  connectedCallback() {
    this.failure = h('p', { class: 'failure', role: 'alert' });
    this.submit = h('button', { type: 'submit', class: 'primary', disabled: true }, t('form.open'));
    this.kinds = h('fieldset', { class: 'kinds' }, h('legend', {}, t('form.kind')));
    const onsubmit = (/** @type {Event} */ event) => this.#open(event);
    const onchange = () => this.#kindChanged();
    this.form = h('form', { onsubmit, onchange }, this.kinds, h('p', { class: 'kind-what', 'aria-live': 'polite' }), this.#placeField(),
      field('name', LETTERS.name), field('theme', LETTERS.theme),
      select('language', { en: 'English', de: 'Deutsch' }, language),
      select('tempo', { snap: t('form.tempo.snap'), slow: t('form.tempo.slow') }, 'snap'),
      check('public', t('form.private.hint')), check('live', t('form.live.hint')),
      this.failure, h('div', { class: 'form-end' }, this.submit));
    const summary = h('summary', { class: 'quiet', id: 'make' }, t('lobby.make'));
    this.details = h('details', { ontoggle: () => this.#toggled() }, summary, this.form);
    this.append(this.details);
  }

  /** It opens in sight, wherever its button was. */
  #toggled() {
    if (!this.details?.open) return;
    if (!this.#kinds.length) this.#ask();
    this.#inSight();
  }

  #inSight() {
    const { form } = this;
    form?.scrollIntoView({ block: form.offsetHeight > innerHeight ? 'start' : 'nearest' });
  }

  /** Which kinds of rooms there are, the server knows. */
  async #ask() {
    const { kinds, submit, failure } = this;
    if (!kinds || !submit || !failure) return;
    say(failure, '');
    try {
      this.#kinds = (await offer(language)).kinds;
      kinds.append(...this.#kinds.map(choice));
      submit.disabled = false;
      this.#kindChanged();
      this.#inSight();
    } catch (why) {
      say(failure, refusal(/** @type {Error} */ (why)));
    }
  }

  #placeField() {
    this.placed = h('p', { role: 'status' });
    const ask = h('button', { type: 'button', class: 'quiet', onclick: () => this.#locate() }, t('form.place'));
    return h('div', { class: 'place', hidden: true }, ask, this.placed);
  }

  get #kind() {
    const chosen = new FormData(this.form).get('kind');
    return this.#kinds.find(({ id }) => id === chosen);
  }

  #kindChanged() {
    const kind = this.#kind;
    if (!kind) return;
    const what = `kind.${kind.id}.what`;
    say(/** @type {Element} */ (this.querySelector('.kind-what')), has(what) ? t(what) : '');
    /** @type {HTMLElement} */ (this.querySelector('.place')).hidden = !kind.placed;
    /** @type {HTMLSelectElement} */ (this.querySelector('[name=tempo]')).value = kind.tempo;
    // A place has one room: it has neither a name of one's own nor a theme, and everybody near may find it.
    for (const name of ['name', 'theme', 'public']) /** @type {HTMLElement} */ (this.querySelector(`[name=${name}]`)?.closest('label')).hidden = kind.placed;
    if (this.failure) say(this.failure, '');
  }

  #locate() {
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        this.#place = geohash(coords.latitude, coords.longitude);
        if (this.placed) say(this.placed, t('form.place.done'));
      },
      () => this.placed && say(this.placed, t('form.place.failed')),
      { maximumAge: 600_000, timeout: 15_000 },
    );
  }

  /** @param {Event} event */
  async #open(event) {
    event.preventDefault();
    const { submit, failure } = this;
    if (!submit || !failure) return;
    this.form?.querySelector('.form-end')?.before(failure);
    if (this.#kind?.placed && !this.#place) return this.#lacks(this.placed, t('form.place.needed'));
    const theme = /** @type {HTMLInputElement|null} */ (this.querySelector('[name=theme]'));
    if (this.#kind?.themed && !theme?.value.trim()) {
      theme?.focus();
      return this.#lacks(theme?.closest('label'), t('form.theme.needed'));
    }
    submit.disabled = true;
    say(submit, t('form.opening'));
    say(failure, '');
    try {
      const room = await openRoom(this.#wanted());
      location.assign(`/r/${encodeURIComponent(room.id)}`);
    } catch (why) {
      say(failure, refusal(/** @type {Error} */ (why)));
      say(submit, t('form.open'));
      submit.disabled = false;
    }
  }

  /** Say what is missing where it is missing: the end of the form may be out of sight. @param {Element|null|undefined} where @param {string} words */
  #lacks(where, words) {
    const { failure } = this;
    if (!failure) return;
    where?.after(failure);
    say(failure, words);
    failure.scrollIntoView({ block: 'nearest' });
  }

  #wanted() {
    const { kind, name, theme, language: spoken, tempo, ...rest } = Object.fromEntries(new FormData(this.form));
    const words = this.#kind?.placed ? { place: this.#place, name: placeName(this.#place) } : { name, theme, public: 'public' in rest };
    return /** @type {any} */ ({ kind, language: spoken, tempo, live: 'live' in rest, ...words });
  }
}

/** @param {string} cell */
function placeName(cell) {
  const place = nearestCity(cell, language);
  return place ? t('around.name', { place }) : t('kind.local');
}

/** @param {Kind} kind @param {number} at */
function choice({ id, name }, at) {
  return h('label', { class: 'kind', 'data-kind': id }, h('input', { type: 'radio', name: 'kind', value: id, checked: at === 0 }), h('span', {}, name));
}

/** @param {string} name @param {number} maxlength */
function field(name, maxlength) {
  return h('label', { class: 'field' }, h('span', {}, t(`form.${name}`)),
    h('input', { type: 'text', name, dir: 'auto', maxlength, autocomplete: 'off', placeholder: t(`form.${name}.hint`) }));
}

/** @param {string} name @param {string} hint */
function check(name, hint) {
  return h('label', { class: 'check' }, h('input', { type: 'checkbox', name }), h('span', {}, t(`form.${name}`), h('small', {}, hint)));
}

/** @param {string} name @param {Record<string, string>} choices @param {string} chosen */
function select(name, choices, chosen) {
  const options = Object.entries(choices).filter(([, words]) => words)
    .map(([value, words]) => h('option', { value, selected: value === chosen }, words));
  return h('label', { class: 'field' }, h('span', {}, t(`form.${name}`)), h('select', { name }, ...options));
}

customElements.define('room-form', RoomForm);
