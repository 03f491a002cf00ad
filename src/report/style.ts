import { colourProperties } from './charts/colours.ts';

/** The style sheet of a report: light and dark by the reader's choice, light on paper. */
export const STYLE = `
:root{color-scheme:light dark;${colourProperties()}
--page:light-dark(#f4f6f8,#0e1417);--surface:light-dark(#ffffff,#172025);
--good:light-dark(#15703a,#4ade80)}
*{box-sizing:border-box}
body{margin:0 auto;padding:1.5rem 1rem 4rem;max-width:1180px;background:var(--page);
color:var(--c-text);font:15px/1.5 system-ui,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;
font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
h1,h2{line-height:1.25;margin:0}
h1{font-size:1.7rem;letter-spacing:-.02em}
h2{font-size:1.25rem;margin-top:2.2rem}
p{margin:.3rem 0}
.quiet,figcaption,.about{color:var(--c-quiet)}
a{color:var(--c-electricity)}
:focus-visible{outline:2px solid var(--c-electricity);outline-offset:2px}
nav ul{display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;padding:0;margin:1rem 0;list-style:none}
.figures{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:1rem;margin-top:.8rem}
figure,.table{margin:0;background:var(--surface);border:1px solid var(--c-edge);
border-radius:10px;padding:1rem}
figure.whole{grid-column:1/-1}
.drawing,.table{overflow-x:auto}
svg{display:block;width:100%;height:auto;font-variant-numeric:tabular-nums}
figcaption{font-size:.87rem;margin-top:.5rem}
.table{margin-top:.8rem}
table{border-collapse:collapse;width:100%;font-size:.87rem}
th,td{text-align:left;padding:.35rem .55rem;border-bottom:1px solid var(--c-edge);
vertical-align:top;overflow-wrap:normal}
th{color:var(--c-quiet);font-weight:600;white-space:nowrap}
tbody tr:last-child>*{border-bottom:0}
.number{text-align:right;white-space:nowrap}
.time{white-space:nowrap}
tr.pass td:nth-child(6){color:var(--good)}
tr.fail td:nth-child(6){color:var(--c-line);font-weight:700}
@media (max-width:760px){.figures{grid-template-columns:minmax(0,1fr)}
figure.whole svg{min-width:600px}figure,.table{padding:.7rem}}
@media print{:root{color-scheme:light}
body{max-width:none;padding:0;background:none;font-size:10pt}
nav{display:none}h2,figcaption{break-after:avoid}
figure,tr{break-inside:avoid}figure,.table{border-color:#bbb}
.drawing,.table{overflow:visible}}
`.replaceAll('\n', '');
