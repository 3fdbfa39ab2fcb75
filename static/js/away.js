/** The page that stands where nobody can be reached: it goes away by itself. */
const theme = /(?:^|; )wonder_theme=(dark|light)/.exec(document.cookie)?.[1]; // this page was kept before it was chosen
if (theme) document.documentElement.dataset.theme = theme;

const ASK_MS = 3_000;

async function ask() {
  const answer = await fetch('/robots.txt', { cache: 'no-store' }).catch(() => null);
  if (answer?.ok) location.reload();
}

addEventListener('online', ask);
document.getElementById('again')?.addEventListener('click', () => location.reload());
setInterval(ask, ASK_MS);
