// Stands in for the configuration of your own project.
import { defineConfig } from 'vitest/config';

export default defineConfig({});
